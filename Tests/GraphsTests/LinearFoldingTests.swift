import Graphs
import OrderedCollections
import Tensors
import Testing

@Suite struct FoldBatchNormalizationTests {
  private let gamma: [Float] = [2, -1]
  private let beta: [Float] = [0.5, 0.25]
  private let mean: [Float] = [1, 3]
  private let variance: [Float] = [4 - 1e-5, 0.25 - 1e-5]

  private func builder(outputs: [String] = ["y"]) -> GraphBuilder {
    var builder = GraphBuilder(outputs: outputs)
    for (name, values) in [("g", gamma), ("b", beta), ("m", mean), ("v", variance)] {
      builder.constant(name, values)
    }
    return builder
  }

  private func fold(_ graph: inout Graph) -> PreparationReport {
    var report = PreparationReport()
    graph.foldBatchNormalizations(recording: &report)
    graph.eliminateUnusedInitializers()
    return report
  }

  @Test func scalesWeightsAndMakesABias() throws {
    var builder = builder()
    builder.constant("conv.weight", [Float(1), 2, 3, 4], [2, 2, 1, 1])
    let conv = builder.node("Conv", ["x", "conv.weight"], ["c"])
    builder.node("BatchNormalization", ["c", "g", "b", "m", "v"], ["y"])
    let report = fold(&builder.graph)
    let node = try #require(builder.graph.nodes.first)
    #expect(builder.graph.nodes.count == 1)
    #expect(node.id == conv)
    #expect(node.inputs == ["x", "conv.weight", "conv.bias"] && node.outputs == ["y"])
    // γ/√(σ² + ε) is 2/2 and -1/0.5.
    #expect(builder.graph.floats("conv.weight") == [1, 2, -6, -8])
    #expect(builder.graph.floats("conv.bias") == [-0.5, 6.25])
    #expect(report.sources(of: conv).map(\.reason) == [.batchNormalization])
    #expect(Array(builder.graph.initializers.keys).sorted() == ["conv.bias", "conv.weight"])
  }

  @Test func usesAnOwnBiasInPlace() {
    var builder = builder()
    builder.constant("w", [Float(1), 2], [2, 1, 1])
    builder.constant("bias", [Float(2), 4])
    builder.node("Conv", ["x", "w", "bias"], ["c"])
    builder.node("BatchNormalization", ["c", "g", "b", "m", "v"], ["y"])
    _ = fold(&builder.graph)
    #expect(builder.graph.floats("bias") == [1.5, -1.75])
  }

  @Test func sharedWeightsAreCopied() {
    var builder = builder(outputs: ["y", "z"])
    builder.constant("w", [Float(1), 2], [2, 1, 1])
    builder.node("Conv", ["x", "w"], ["c"])
    builder.node("BatchNormalization", ["c", "g", "b", "m", "v"], ["y"])
    builder.node("Conv", ["x", "w"], ["z"])
    _ = fold(&builder.graph)
    #expect(builder.graph.floats("w") == [1, 2])
    #expect(builder.graph.floats("w_1") == [1, -4])
    #expect(builder.graph.nodes.map { $0.inputs[1] } == ["w_1", "w"])
  }

  @Test func transposedConvolutionsScaleTheirOutputChannels() {
    var builder = builder()
    // Two groups of one output channel each: rows 0 and 1 belong to the first.
    builder.constant("w", (1...8).map(Float.init), [4, 1, 2])
    builder.node("ConvTranspose", ["x", "w"], ["c"], ["group": .int(2)])
    builder.node("BatchNormalization", ["c", "g", "b", "m", "v"], ["y"])
    _ = fold(&builder.graph)
    #expect(builder.graph.floats("w") == [1, 2, 3, 4, -10, -12, -14, -16])
  }

  @Test(arguments: [Int64(0), 1]) func gemmScalesRowsOrColumns(transposed: Int64) {
    var builder = builder()
    builder.constant("w", [Float(1), 2, 3, 4], [2, 2])
    builder.constant("c0", [Float(1)])
    builder.node("Gemm", ["x", "w", "c0"], ["c"], ["transB": .int(transposed)])
    builder.node("BatchNormalization", ["c", "g", "b", "m", "v"], ["y"])
    _ = fold(&builder.graph)
    #expect(builder.graph.floats("w") == (transposed == 1 ? [1, 2, -6, -8] : [1, -4, 3, -8]))
    #expect(builder.graph.floats("c0") == [0.5, 4.25])
  }

  @Test(arguments: ["output", "second use", "training", "no constant", "channels", "infinite"])
  func staysWhereFoldingWouldChangeSomething(reason: String) {
    var builder = builder(outputs: reason == "output" ? ["y", "c"] : ["y"])
    builder.constant("w", [Float(1), 2], [2, 1, 1])
    if reason == "channels" { builder.constant("w", [Float(1), 2, 3], [3, 1, 1]) }
    if reason == "no constant" { builder.graph.initializers["g"] = nil }
    if reason == "no constant" { builder.node("Abs", ["x"], ["g"]) }
    if reason == "infinite" { builder.constant("v", [Float(-1), 1]) }
    builder.node("Conv", ["x", "w"], ["c"])
    builder.node(
      "BatchNormalization", ["c", "g", "b", "m", "v"], ["n"],
      reason == "training" ? ["training_mode": .int(1)] : [:])
    builder.node("Add", ["n", reason == "second use" ? "c" : "x"], ["y"])
    let report = fold(&builder.graph)
    #expect(builder.graph.operators.contains("BatchNormalization"))
    #expect(report.foldings.isEmpty)
    #expect(report.notes.count == (reason == "infinite" ? 1 : 0))
  }
}

@Suite struct FoldAffineTests {
  private func fold(
    _ steps: [(String, [Float], Shape, constantFirst: Bool)]
  ) -> (operators: [String], weights: [Float]?, bias: [Float]?) {
    var builder = GraphBuilder()
    builder.constant("w", [Float(1), 2], [2, 1, 1, 1])
    builder.constant("w_bias", [Float(10), 20])
    builder.node("Conv", ["x", "w", "w_bias"], [steps.isEmpty ? "y" : "v0"])
    for (index, step) in steps.enumerated() {
      builder.constant("k\(index)", step.1, step.2)
      let operands = step.constantFirst ? ["k\(index)", "v\(index)"] : ["v\(index)", "k\(index)"]
      builder.node(step.0, operands, [index == steps.count - 1 ? "y" : "v\(index + 1)"])
    }
    var report = PreparationReport()
    builder.graph.foldAffineChains(recording: &report)
    return (builder.graph.operators, builder.graph.floats("w"), builder.graph.floats("w_bias"))
  }

  @Test func scalarsFoldInAChain() {
    let result = fold([
      ("Mul", [0.5], [1], true), ("Add", [1], .scalar, false), ("Sub", [2], .scalar, false),
      ("Div", [4], [1, 1, 1, 1], false),
    ])
    #expect(result.operators == ["Conv"])
    #expect(result.weights == [0.125, 0.25])
    #expect(result.bias == [1, 2.25])
  }

  @Test func channelsFold() {
    let result = fold([
      ("Mul", [2, 3], [1, 2, 1, 1], false), ("Add", [1, -1], [2, 1, 1], true),
      ("Sub", [0, 100], [1, 2, 1, 1], true),
    ])
    #expect(result.operators == ["Conv"])
    #expect(result.weights == [-2, -6])
    #expect(result.bias == [-21, 41])
  }

  static let kept: [(String, [Float], Shape, Bool)] = [
    ("Mul", [2, 3], [2], false),  // Along the width.
    ("Add", [1, 2], [2, 1], false),  // Along the height.
    ("Add", [1], [1, 1, 1, 1, 1], false),  // Adds a dimension.
    ("Div", [1], .scalar, true),  // Not affine.
    ("Div", [0], .scalar, false),  // Infinite.
    ("Pow", [1], .scalar, false),
  ]

  @Test(arguments: kept.indices) func othersStay(index: Int) {
    let step = Self.kept[index]
    let result = fold([(step.0, step.1, step.2, constantFirst: step.3)])
    #expect(result.operators == ["Conv", step.0])
    #expect(result.weights == [1, 2])
  }
}
