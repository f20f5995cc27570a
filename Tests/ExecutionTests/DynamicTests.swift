import Execution
import Foundation
import Graphs
import Kernels
import OrderedCollections
import Tensors
import Testing

/// Operators that quantize when the data are known.
@Suite struct DynamicTests {
  @Test func everyRecordedCaseIsThere() { #expect(RecordedCase.dynamic.count > 30) }

  @Test(arguments: RecordedCase.dynamic)
  func agreesWithONNXRuntime(recorded: RecordedCase) throws {
    for isa in InstructionSet.available {
      for mode in [ExecutionMode.float, .simulated, .integer] {
        for threads in [1, 2] {
          let outputs = try recorded.run(
            ExecutionOptions(mode: mode, instructionSet: isa, threads: threads))
          for (name, expected) in recorded.expected {
            let found = try #require(outputs[name])
            if expected.elementType == .float32 {
              // The state of an LSTM near the middle of two codes may fall to the other side.
              let tolerance = recorded.name.hasPrefix("lstm") ? 1e-3 : 1e-6 * expected.extent
              #expect(found.distance(to: expected) <= tolerance, "\(isa), \(mode)")
            } else {
              #expect(found == expected, "\(isa), \(mode)")
            }
          }
        }
      }
    }
  }

  @Test(arguments: ["MatMulInteger", "ConvInteger"])
  func aChainIsOneStep(operatorName: String) throws {
    for (branches, steps) in [(1, 1), (2, 3)] {
      let recorded = try #require(
        RecordedCase.dynamic.first { $0.name == "chain_\(operatorName)_\(branches)" })
      let executor = try Executor(
        model: recorded.model, options: ExecutionOptions(mode: .integer))
      let plan = try executor.plan(for: recorded.feeds.mapValues(\.shape))
      let named = plan.steps.filter { !$0.nodes.isEmpty }
      #expect(named.count == steps, "\(named.map(\.operatorName))")
      #expect(named.count(where: \.isInteger) == branches)
      #expect(Set(named.flatMap(\.nodes)) == Set(executor.model.graph.nodes.map(\.id)))
    }
  }

  /// Of one product that owns its codes, and of two that share them.
  @Test(arguments: [1, 2], [1, 2])
  func aFunctionBehindAProductIsPartOfItsStep(branches: Int, threads: Int) throws {
    let recorded = try #require(
      RecordedCase.dynamic.first { $0.name == "chain_MatMulInteger_\(branches)" })
    var model = recorded.model
    for index in 0..<branches {
      let function = Node(
        id: model.graph.makeNodeID(), operatorName: OperatorName("Sigmoid"),
        inputs: ["y\(index)"], outputs: ["z\(index)"])
      model.graph.replaceNodes(with: model.graph.nodes + [function])
      model.graph.outputs[index].name = "z\(index)"
    }
    for isa in InstructionSet.available {
      let executor = try Executor(
        model: model,
        options: ExecutionOptions(mode: .integer, instructionSet: isa, threads: threads))
      let plan = try executor.plan(for: recorded.feeds.mapValues(\.shape))
      #expect(plan.steps.count { $0.nodes.count == 1 && $0.operatorName == "Sigmoid" } == 0)
      let outputs = try executor.run(recorded.feeds)
      for index in 0..<branches {
        let sums = try #require(recorded.expected["y\(index)"])
        let found = try #require(outputs["z\(index)"])
        let expected = Tensor(sums.floats.map { 1 / (1 + exp(-$0)) }, shape: sums.shape)
        #expect(found.distance(to: expected) <= 1e-5, "\(isa)")
      }
    }
  }

  /// The value that is added is made by a step of its own, so that its place can be taken.
  @Test(arguments: [1, 2], [1, 2])
  func aSumBehindAProductIsPartOfItsStep(branches: Int, threads: Int) throws {
    let recorded = try #require(
      RecordedCase.dynamic.first { $0.name == "chain_MatMulInteger_\(branches)" })
    var model = recorded.model
    var feeds = recorded.feeds
    for index in 0..<branches {
      let sums = try #require(recorded.expected["y\(index)"])
      feeds["r\(index)"] = Tensor(
        (0..<sums.shape.elementCount).map { Float($0 % 7) - 3 }, shape: sums.shape)
      model.graph.inputs.append(
        ValueDeclaration(name: "r\(index)", elementType: .float32, dimensions: nil))
      let source = Node(
        id: model.graph.makeNodeID(), operatorName: OperatorName("Relu"),
        inputs: ["r\(index)"], outputs: ["a\(index)"])
      let addition = Node(
        id: model.graph.makeNodeID(), operatorName: OperatorName("Add"),
        inputs: ["a\(index)", "y\(index)"], outputs: ["z\(index)"])
      model.graph.replaceNodes(with: [source] + model.graph.nodes + [addition])
      model.graph.outputs[index].name = "z\(index)"
    }
    for isa in InstructionSet.available {
      let executor = try Executor(
        model: model,
        options: ExecutionOptions(mode: .integer, instructionSet: isa, threads: threads))
      let plan = try executor.plan(for: feeds.mapValues(\.shape))
      #expect(plan.steps.count { $0.operatorName == "Add" } == 0)
      let outputs = try executor.run(feeds)
      for index in 0..<branches {
        let sums = try #require(recorded.expected["y\(index)"])
        let addend = try #require(feeds["r\(index)"])
        let found = try #require(outputs["z\(index)"])
        let expected = Tensor(
          zip(sums.floats, addend.floats).map { $0 + max($1, 0) }, shape: sums.shape)
        #expect(found.distance(to: expected) <= 1e-5 * max(1, sums.extent), "\(isa)")
      }
    }
  }

  @Test func aKeptValueIsNotHidden() throws {
    let recorded = try #require(RecordedCase.dynamic.first { $0.name == "chain_MatMulInteger_1" })
    var seen: [String] = []
    let executor = try Executor(
      model: recorded.model, options: ExecutionOptions(mode: .integer, kept: ["cast0"]))
    let outputs = try executor.run(recorded.feeds) { seen.append($0.name) }
    #expect(seen == ["cast0"])
    let (expected, found) = (try #require(recorded.expected["y0"]), try #require(outputs["y0"]))
    #expect(found.distance(to: expected) <= 1e-6 * expected.extent)
  }

  @Test(arguments: [
    ("matmul_uint8_int8_scalar", "az", Tensor([UInt8(1), 2, 3]), ["3 zero points", "input 0"]),
    ("matmul_uint8_int8_scalar", "az", Tensor([Int8(1)]), ["zero point of type int8", "uint8"]),
    ("matmul_uint8_int8_scalar", "bz", Tensor([Int8(1), 2]), ["zero points", "6 channels"]),
    ("matmul_uint8_int8_none", "b", Tensor(.int8, shape: [8, 6]), ["2×3×9", "8×6"]),
    ("conv_groups_zeros", "wz", Tensor([UInt8](repeating: 3, count: 4)), ["6 channels"]),
    ("conv_groups_plain", "w", Tensor(.uint8, shape: [6, 3, 3, 2]), ["6×3×3×2", "2 groups"]),
    ("lstm_int8_1", "s", Tensor([Float(1), 2, 3]), ["3 scales", "2 directions of 20 rows"]),
    ("lstm_int8_1", "z", Tensor([UInt8(1), 2]), ["zero points of uint8", "int8"]),
    ("lstm_int8_1", "W", Tensor(.float32, shape: [2, 4, 20]), ["cannot be executed on float32"]),
  ])
  func aWrongConstantIsNamed(
    name: String, constant: String, value: Tensor, words: [String]
  ) throws {
    let recorded = try #require(RecordedCase.dynamic.first { $0.name == name })
    var model = recorded.model
    model.graph.initializers[constant] = Initializer(value)
    for mode in [ExecutionMode.float, .integer] {
      do {
        _ = try Executor(model: model, options: ExecutionOptions(mode: mode)).run(recorded.feeds)
        Issue.record("nothing was refused")
      } catch {
        for word in words { #expect(error.description.contains(word), "\(error)") }
      }
    }
  }

  /// A layer whose weights come out of dequantizers.
  private func withCodes(_ name: String) throws -> (model: Model, feeds: [String: Tensor]) {
    let recorded = try #require(RecordedCase.operators.first { $0.name == name })
    var model = recorded.model
    for weights in ["W", "R"] {
      let tensor = try #require(model.graph.constant(weights))
      let values = tensor.floats
      let scale = (values.map { abs($0) }.max() ?? 1) / 127
      model.graph.initializers[weights] = nil
      for (suffix, constant) in [
        ("codes", Tensor(values.map { Int8(($0 / scale).rounded()) }, shape: tensor.shape)),
        ("scale", Tensor([scale], shape: .scalar)), ("zero", Tensor([Int8(0)], shape: .scalar)),
      ] {
        model.graph.initializers["\(weights).\(suffix)"] = Initializer(constant)
      }
      let dequantizer = Node(
        id: model.graph.makeNodeID(), name: weights,
        operatorName: OperatorName("DequantizeLinear"),
        inputs: ["codes", "scale", "zero"].map { "\(weights).\($0)" }, outputs: [weights])
      model.graph.replaceNodes(with: [dequantizer] + model.graph.nodes)
    }
    return (model, recorded.feeds)
  }

  @Test(arguments: ["LSTM_bidirectional", "GRU_bidirectional", "GRU_resets_product", "RNN_clip"])
  func smallLayersWithCodesStayInFloat(name: String) throws {
    let (model, feeds) = try withCodes(name)
    let simulated = try Executor(model: model, options: ExecutionOptions(mode: .simulated))
      .run(feeds)
    let executor = try Executor(model: model, options: ExecutionOptions(mode: .integer))
    let found = try executor.run(feeds)
    for (name, expected) in simulated {
      let value = try #require(found[name])
      #expect(value.distance(to: expected) <= 1e-5)
    }
    let plan = try executor.plan(for: feeds.mapValues(\.shape))
    #expect(plan.steps.allSatisfy { !$0.isInteger })
  }

  /// One LSTM or GRU of 48 units whose weights come out of dequantizers, one scale for each row.
  private func largeLayer(_ name: String, gates: Int) -> (model: Model, feeds: [String: Tensor]) {
    var state: UInt64 = 7
    func values(_ count: Int, scale: Float) -> [Float] {
      (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (Float(state >> 40) / Float(1 << 23) - 1) * scale
      }
    }
    let (hidden, inputs) = (48, 40)
    let rows = gates * hidden
    var graph = Graph(name: name)
    graph.inputs = [ValueDeclaration(name: "x", elementType: .float32, dimensions: nil)]
    graph.outputs = ["y", "y_h"].map {
      ValueDeclaration(name: $0, elementType: .float32, dimensions: nil)
    }
    for (weights, depth) in [("W", inputs), ("R", hidden)] {
      let codes = values(rows * depth, scale: 127.49).map { Int8($0.rounded()) }
      let scales = values(rows, scale: 0.001).map { 0.0015 + $0 / 2 }
      graph.initializers[weights + ".codes"] = Initializer(Tensor(codes, shape: [1, rows, depth]))
      graph.initializers[weights + ".scales"] = Initializer(Tensor(scales))
      graph.append(
        OperatorName("DequantizeLinear"), name: weights,
        inputs: [weights + ".codes", weights + ".scales"], outputs: [weights],
        attributes: ["axis": .int(1)])
    }
    graph.append(
      OperatorName(name), name: "layer", inputs: ["x", "W", "R"], outputs: ["y", "y_h"],
      attributes: ["hidden_size": .int(Int64(hidden)), "linear_before_reset": .int(1)])
    let x = Tensor(values(12 * 3 * inputs, scale: 2), shape: [12, 3, inputs])
    return (Model(graph: graph), ["x": x])
  }

  @Test(arguments: [("LSTM", 4), ("GRU", 3)])
  func largeLayersWithCodesRunInIntegers(name: String, gates: Int) throws {
    let (model, feeds) = largeLayer(name, gates: gates)
    func outputs(_ options: ExecutionOptions) throws -> [String: Tensor] {
      let executor = try Executor(model: model, options: options)
      let plan = try executor.plan(for: feeds.mapValues(\.shape))
      #expect(plan.steps.count { $0.isInteger } == (options.mode == .integer ? 1 : 0))
      return try executor.run(feeds)
    }
    let exact = try outputs(ExecutionOptions(mode: .simulated))
    let expected = try #require(exact["y"])
    var distances: [Float] = []
    for quantization in [DynamicQuantization.onnx, .reduced] {
      for isa in InstructionSet.available {
        for threads in [1, 2] {
          let found = try outputs(
            ExecutionOptions(
              mode: .integer, instructionSet: isa, threads: threads,
              dynamicQuantization: quantization))
          let distance = try #require(found["y"]).distance(to: expected) / expected.extent
          #expect(distance > 1e-5 && distance < 0.03, "\(quantization), \(isa)")
          distances.append(distance)
        }
      }
    }
    let full = distances[..<(distances.count / 2)].reduce(0, +)
    #expect(full < distances.reduce(0, +) - full, "fewer codes are less exact")
  }
}
