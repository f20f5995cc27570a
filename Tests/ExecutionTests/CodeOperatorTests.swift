import Execution
import Graphs
import Kernels
import OrderedCollections
import Tensors
import Testing

/// Operators that take and give codes against ONNX Runtime with optimizations off.
@Suite struct CodeOperatorTests {
  @Test func everyRecordedCaseIsThere() {
    #expect(RecordedCase.codes.count == 24)
  }

  @Test(arguments: RecordedCase.codes)
  func agreesWithONNXRuntime(recorded: RecordedCase) throws {
    let expected = try #require(recorded.expected["y"])
    let operation = recorded.name.dropLast(3)
    // Sums of products are exact in ONNX Runtime; its other kernels round in their own way.
    let isExact = ["QLinearConv", "QLinearMatMul", "QGemm", "QLinearConcat"].contains(operation)
    for mode in [ExecutionMode.simulated, .integer] {
      for isa in InstructionSet.available {
        let options = ExecutionOptions(mode: mode, instructionSet: isa)
        let found = try #require(try recorded.run(options)["y"])
        #expect(found.elementType == expected.elementType)
        let allowed: Int32 = isExact && mode == .integer ? 0 : 1
        #expect(found.steps(to: expected) <= allowed, "\(mode) \(isa)")
      }
    }
  }

  @Test(arguments: RecordedCase.codes)
  func runsOnIntegerKernels(recorded: RecordedCase) throws {
    let executor = try Executor(model: recorded.model, options: ExecutionOptions(mode: .integer))
    let plan = try executor.plan(for: recorded.feeds.mapValues(\.shape))
    let isFloat = recorded.name.hasPrefix("QLinearSoftmax")
    #expect(plan.steps.contains { $0.kernel.contains("island") } == isFloat)
  }

  @Test func whatCannotBeSpelledOutIsNamed() throws {
    let recorded = try #require(RecordedCase.codes.first { $0.name == "QLinearConv_u8" })
    var model = recorded.model
    model.graph.updateNode(at: 0) { $0.inputs[6] = "" }
    let executor = try Executor(model: model)
    #expect(
      throws: ExecutionError.unsupportedVariant(
        operatorName: "QLinearConv", node: "node", detail: "the scale of its output is missing")
    ) { try executor.plan(for: recorded.feeds.mapValues(\.shape)) }
  }

  /// Files are not trusted: such scales make a float island, not a trap.
  @Test(arguments: RecordedCase.codes, [Float.nan, .infinity, 0, -1])
  func scalesThatNoKernelTakesDoNotTrap(recorded: RecordedCase, scale: Float) throws {
    var model = recorded.model
    for (name, initializer) in model.graph.initializers
    where initializer.tensor.elementType == .float32 && initializer.tensor.elementCount == 1 {
      model.graph.initializers[name] = Initializer(.scalar(scale))
    }
    for mode in [ExecutionMode.simulated, .integer] {
      let found = try Executor(model: model, options: ExecutionOptions(mode: mode))
        .run(recorded.feeds)
      #expect(found["y"]?.shape == recorded.expected["y"]?.shape)
    }
  }

  /// What a person opens and exports is the model as it was.
  @Test func theModelItselfStaysAsItWas() throws {
    let recorded = try #require(RecordedCase.codes.first { $0.name == "QLinearConv_u8" })
    let before = recorded.model
    _ = try recorded.run(ExecutionOptions(mode: .integer))
    #expect(recorded.model == before)
    #expect(
      try recorded.model.prepared().model.graph.nodes.map(\.operatorName.name) == [
        "QLinearConv"
      ])
  }
}

@Suite struct BlockedCodesTests {
  /// `[2, 5]` codes, blocks of 2 along the last axis, the last one short.
  @Test(arguments: [ElementType.int4, .uint4])
  func shortBlocksAndHalfBytesAreRead(type: ElementType) throws {
    let codes: [Int32] = [-8, -1, 0, 3, 7, 1, 2, 3, 4, -5]
    let shifted = codes.map { $0 + (type == .uint4 ? 8 : 0) }
    let scales: [Float] = [1, 0.5, 2, 0.25, 3, 4]
    var graph = Graph(name: "blocked")
    graph.inputs = [ValueDeclaration(name: "x", elementType: .float32, dimensions: nil)]
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    graph.initializers["w"] = Initializer(packed(shifted, as: type, shape: [2, 5]))
    graph.initializers["s"] = Initializer(Tensor(scales, shape: [2, 3]))
    let zeros = [Int32](repeating: type == .uint4 ? 8 : 0, count: 6)
    graph.initializers["z"] = Initializer(packed(zeros, as: type, shape: [2, 3]))
    graph.append(
      OperatorName("DequantizeLinear"), inputs: ["w", "s", "z"], outputs: ["d"],
      attributes: ["axis": .int(1), "block_size": .int(2)])
    graph.append(OperatorName("Add"), inputs: ["x", "d"], outputs: ["y"])
    let found = try Executor(model: Model(graph: graph, opset: 21)).run([
      "x": Tensor(.float32, shape: [2, 5])
    ])
    let expected = codes.enumerated().map { index, code in
      Float(code) * scales[index / 5 * 3 + index % 5 / 2]
    }
    #expect(found["y"]?.floats == expected)
  }

  private func packed(_ codes: [Int32], as type: ElementType, shape: Shape) -> Tensor {
    var tensor = Tensor(type, shape: shape)
    tensor.withUnsafeMutableBytes { bytes in
      for (index, code) in codes.enumerated() { PackedCode.write(code, to: bytes, index, bits: 4) }
    }
    return tensor
  }

  @Test func scalesThatDoNotFitTheBlocksAreRefused() throws {
    var graph = Graph(name: "blocked")
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    graph.initializers["w"] = Initializer(Tensor([Int8](repeating: 1, count: 6), shape: [2, 3]))
    graph.initializers["s"] = Initializer(Tensor([Float](repeating: 1, count: 6), shape: [2, 3]))
    graph.append(
      OperatorName("DequantizeLinear"), name: "node", inputs: ["w", "s"], outputs: ["y"],
      attributes: ["axis": .int(1), "block_size": .int(2)])
    let executor = try Executor(model: Model(graph: graph, opset: 21))
    #expect(throws: ExecutionError.self) { try executor.plan(for: [:]) }
  }
}

extension Tensor {
  /// The largest difference of two tensors of codes.
  fileprivate func steps(to other: Tensor) -> Int32 {
    guard let left = codes, let right = other.codes, shape == other.shape else { return .max }
    return zip(left, right).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }
}
