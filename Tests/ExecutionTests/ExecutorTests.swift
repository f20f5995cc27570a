import Execution
import Foundation
import Graphs
import Kernels
import ONNX
import Tensors
import Testing

@Suite struct ExecutorTests {
  /// A committed model with a batch of deterministic inputs.
  private func fixture(_ name: String, batch: Int) throws -> (Model, [String: Tensor]) {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/Models/\(name).onnx").path()
    let model = try ModelImporter.load(path: path)
    let input = try #require(model.graph.requiredInputs.first)
    var shape = Shape((input.dimensions ?? []).map { $0.fixedExtent ?? batch })
    if name != "toy_conv_conv" { shape[0] = batch }
    let values = (0..<shape.elementCount).map { Float(($0 &* 7919) % 255) / 255 }
    return (model, [input.name: Tensor(values, shape: shape)])
  }

  @Test(
    arguments: ["digits8_cnn", "mnist_mobilenet", "toy_conv_conv"],
    [
      ExecutionOptions(instructionSet: .scalar), ExecutionOptions(threads: 2),
      ExecutionOptions(fuses: false), ExecutionOptions(instructionSet: .scalar, fuses: false),
    ])
  func optionsDoNotChangeResults(name: String, options: ExecutionOptions) throws {
    let (model, inputs) = try fixture(name, batch: 3)
    let usual = try Executor(model: model).run(inputs)
    let other = try Executor(model: model, options: options).run(inputs)
    for (output, expected) in usual {
      let found = try #require(other[output])
      #expect(found.distance(to: expected) <= 1e-5 * max(1, expected.extent))
    }
  }

  @Test func aBatchIsItsImagesOneByOne() throws {
    let (model, inputs) = try fixture("digits8_cnn", batch: 4)
    let executor = try Executor(model: model)
    let (name, batch) = try #require(inputs.first)
    let whole = try #require(try executor.run(inputs).values.first)
    let size = batch.elementCount / 4
    for image in 0..<4 {
      var shape = batch.shape
      shape[0] = 1
      let one = Tensor(Array(batch.floats[image * size..<(image + 1) * size]), shape: shape)
      let single = try #require(try executor.run([name: one]).values.first)
      let width = single.elementCount
      let part = Tensor(
        Array(whole.floats[image * width..<(image + 1) * width]), shape: single.shape)
      #expect(single.distance(to: part) <= 1e-5)
    }
  }

  @Test func anEmptyBatchGivesAnEmptyResult() throws {
    let (model, inputs) = try fixture("mnist_mobilenet", batch: 0)
    for mode in ExecutionMode.allCases {
      let executor = try Executor(model: model, options: ExecutionOptions(mode: mode))
      let result = try #require(try executor.run(inputs).values.first)
      #expect(result.shape == [0, 10])
    }
  }

  /// Outputs are made in their own tensors, also where several are the same bytes or one is an
  /// input.
  @Test func outputsThatShareBytesAreWhole() throws {
    var graph = Graph(name: "shared")
    graph.inputs = [ValueDeclaration(name: "x", elementType: .float32, dimensions: nil)]
    graph.append(OperatorName("Relu"), inputs: ["x"], outputs: ["a"])
    graph.append(OperatorName("Flatten"), inputs: ["a"], outputs: ["b"])
    graph.append(OperatorName("Neg"), inputs: ["a"], outputs: ["c"])
    graph.append(OperatorName("Exp"), inputs: ["c"], outputs: ["d"])
    graph.outputs = ["a", "b", "d", "x"].map {
      ValueDeclaration(name: $0, elementType: .float32, dimensions: nil)
    }
    let executor = try Executor(model: Model(graph: graph))
    let first = Tensor([-1, 0, 1, 2] as [Float], shape: [1, 2, 2])
    let second = Tensor([3, -3, 0, 1] as [Float], shape: [1, 2, 2])
    let results = try [first, second, first].map { try executor.run(["x": $0]) }
    for (input, found) in zip([first, second, first], results) {
      let positive = input.floats.map { max($0, 0) }
      #expect(found["a"] == Tensor(positive, shape: [1, 2, 2]))
      #expect(found["b"] == Tensor(positive, shape: [1, 4]))
      #expect(found["x"] == input)
      let decay = try #require(found["d"]).floats
      #expect(zip(decay, positive).allSatisfy { abs($0 - exp(-$1)) < 1e-6 })
    }
  }

  @Test func runningTwiceGivesTheSame() throws {
    let (model, inputs) = try fixture("mnist_mobilenet", batch: 2)
    let executor = try Executor(model: model)
    #expect(try executor.run(inputs) == executor.run(inputs))
  }

  @Test func keptValuesAreSeenOnceAndWhole() throws {
    let (model, inputs) = try fixture("digits8_cnn", batch: 2)
    let prepared = try Executor(model: model).model
    let names = prepared.graph.nodes.flatMap(\.outputs)
    let usual = try Executor(model: model).run(inputs)
    let watching = try Executor(model: model, options: ExecutionOptions(kept: Set(names)))
    var seen: [String: Tensor] = [:]
    let outputs = try watching.run(inputs) { value in
      #expect(seen[value.name] == nil)
      #expect(value.outer * value.channels * value.inner == value.floats.count)
      seen[value.name] = value.tensor()
    }
    #expect(Set(seen.keys) == Set(names))
    for (name, expected) in usual {
      let found = try #require(outputs[name])
      #expect(found.distance(to: expected) <= 1e-5)
      #expect(seen[name] == found)
    }
    // Unfused plans hold the same values, whatever their layout.
    let plain = try Executor(
      model: model, options: ExecutionOptions(kept: Set(names), fuses: false))
    _ = try plain.run(inputs) { value in
      let other = try #require(seen[value.name])
      #expect(value.tensor().distance(to: other) <= 1e-4)
    }
  }

  @Test func aTransformedValueReachesItsReaders() throws {
    let (model, inputs) = try fixture("digits8_cnn", batch: 1)
    let prepared = try Executor(model: model).model
    let last = try #require(prepared.graph.nodes.last)
    let executor = try Executor(
      model: model, options: ExecutionOptions(kept: [last.inputs[0]]))
    let outputs = try executor.run(inputs) { _, values in
      for index in values.indices { values[index] = 0 }
    }
    // Gemm of zeros is its bias.
    let bias = try #require(prepared.graph.constant(last.inputs[2]))
    #expect(outputs[last.outputs[0]]?.floats == bias.floats)
  }

  @Test func anObserversErrorEndsTheRun() throws {
    struct Stop: Error {}
    let (model, inputs) = try fixture("digits8_cnn", batch: 1)
    let name = try #require(inputs.keys.first)
    let executor = try Executor(model: model, options: ExecutionOptions(kept: [name]))
    #expect(throws: Stop.self) { try executor.run(inputs) { _ in throw Stop() } }
    #expect(try executor.run(inputs).count == 1)
  }

  @Test func profileHasATimeForEveryStepAndRun() throws {
    let (model, inputs) = try fixture("digits8_cnn", batch: 1)
    let executor = try Executor(model: model)
    let profile = try executor.profile(inputs, runs: 3, warmUp: 1)
    #expect(profile.totals.count == 3)
    #expect(profile.stepDurations.count == profile.plan.steps.count)
    #expect(profile.stepDurations.allSatisfy { $0.count == 3 })
    #expect(profile.minimumTotal <= profile.medianTotal)
    #expect(profile.plan.multiplyAccumulates > 0)
    let stopped = try executor.profile(inputs, runs: 3, shouldStop: { true })
    #expect(stopped.totals.isEmpty && stopped.medianTotal == .zero)
  }

  @Test func inputsAreChecked() throws {
    let (model, inputs) = try fixture("digits8_cnn", batch: 1)
    let executor = try Executor(model: model)
    let (name, tensor) = try #require(inputs.first)
    #expect(throws: ExecutionError.missingInput(name: name)) { try executor.run([:]) }
    #expect(throws: ExecutionError.unknownInput(name: "pixels", known: [name])) {
      try executor.run([name: tensor, "pixels": tensor])
    }
    let bytes = Tensor(.uint8, shape: tensor.shape)
    #expect(throws: ExecutionError.wrongType(input: name, expected: .float32, found: .uint8)) {
      try executor.run([name: bytes])
    }
    #expect(throws: ExecutionError.self) {
      try executor.run([name: Tensor(.float32, shape: [1, 3, 8, 8])])
    }
    #expect(throws: ExecutionError.self) { try executor.run([name: Tensor(.float32, shape: [8])]) }
  }

  @Test func unknownOperatorsAreNamed() throws {
    var graph = Graph(name: "unknown")
    graph.inputs = [
      ValueDeclaration(name: "x", elementType: .float32, dimensions: [.fixed(2)])
    ]
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    graph.append(OperatorName("Teleport", domain: "lab"), name: "t", inputs: ["x"], outputs: ["y"])
    let executor = try Executor(model: Model(graph: graph))
    #expect(
      throws: ExecutionError.unsupportedOperator(name: "lab.Teleport", node: "t", opset: 17)
    ) { try executor.run(["x": Tensor([Float(1), 2])]) }
  }

  @Test func shapesThatDoNotFitAreNamed() throws {
    var graph = Graph(name: "mismatch")
    graph.inputs = ["a", "b"].map {
      ValueDeclaration(name: $0, elementType: .float32, dimensions: nil)
    }
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    graph.append(OperatorName("Add"), name: "sum", inputs: ["a", "b"], outputs: ["y"])
    let executor = try Executor(model: Model(graph: graph))
    do {
      _ = try executor.run(["a": Tensor(.float32, shape: [2]), "b": Tensor(.float32, shape: [3])])
      Issue.record("shapes 2 and 3 were added")
    } catch {
      #expect(error.description.contains("sum") && error.description.contains("2 with 3"))
    }
  }
}
