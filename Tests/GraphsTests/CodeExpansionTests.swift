import Graphs
import OrderedCollections
import Tensors
import Testing

@Suite struct CodeExpansionTests {
  private static let microsoft = "com.microsoft"

  /// A graph of codes with `s` and `z` for every scale and zero point.
  private func builder() -> GraphBuilder {
    var builder = GraphBuilder()
    for index in builder.graph.inputs.indices { builder.graph.inputs[index].elementType = .uint8 }
    builder.scalar("s", 0.5)
    builder.constant("z", [UInt8(3)], .scalar)
    return builder
  }

  @Test func theFloatOperatorKeepsIdAndNameAndTheCodesTheirs() throws {
    var builder = builder()
    builder.graph.append(
      OperatorName("QLinearSigmoid", domain: Self.microsoft), name: "gate",
      inputs: ["x", "s", "z", "s", "z"], outputs: ["y"])
    let id = builder.graph.nodes[0].id
    let graph = CodeExpansion(builder.graph, opset: 17).graph
    #expect(graph.operators == ["DequantizeLinear", "Sigmoid", "QuantizeLinear"])
    #expect(graph.nodes[1].id == id)
    #expect(graph.nodes.allSatisfy { $0.name == "gate" })
    #expect(graph.nodes[2].outputs == ["y"])
    #expect(Set(graph.nodes.map(\.id)).count == 3)
    try graph.validate()
  }

  @Test func valuesOfQuantizersAreFoundUnderTheNamesOfTheFloatModel() {
    var builder = builder()
    builder.graph.append(
      OperatorName("QLinearSigmoid", domain: Self.microsoft),
      inputs: ["x", "s", "z", "s", "z"], outputs: ["conv1_quantized"])
    builder.node("DequantizeLinear", ["conv1_quantized", "s", "z"], ["y"])
    let graph = CodeExpansion(builder.graph, opset: 17).graph
    #expect(graph.nodes[1].outputs == ["conv1"])
  }

  @Test func aGraphWithoutCodeOperatorsStaysAsItIs() {
    var builder = GraphBuilder()
    builder.scalar("s", 0.5)
    builder.node("QuantizeLinear", ["x", "s"], ["q"])
    builder.node("DequantizeLinear", ["q", "s"], ["d"])
    builder.node("MaxPool", ["d"], ["y"])
    #expect(CodeExpansion(builder.graph, opset: 17).graph == builder.graph)
  }

  @Test func anOutputWithoutZeroPointIsOfTheInputsType() {
    var builder = builder()
    builder.graph.inputs[0].elementType = .int8
    builder.graph.append(
      OperatorName("QLinearSigmoid", domain: Self.microsoft),
      inputs: ["x", "s", "", "s"], outputs: ["y"])
    let graph = CodeExpansion(builder.graph, opset: 17).graph
    let zero = graph.nodes[2].inputs[2]
    #expect(graph.constant(zero) == .scalar(Int8(0)))
  }

  @Test func biasesAreInUnitsOfTheProducts() throws {
    var builder = builder()
    builder.constant("w", [Int8](repeating: 1, count: 4), [2, 2, 1])
    builder.constant("ws", [Float(0.25), 2])
    builder.constant("wz", [Int8(0)], .scalar)
    builder.constant("b", [Int32(7), 8])
    builder.node("QLinearConv", ["x", "s", "z", "w", "ws", "wz", "s", "z", "b"], ["y"])
    let graph = CodeExpansion(builder.graph, opset: 17).graph
    #expect(
      graph.operators == [
        "DequantizeLinear", "DequantizeLinear", "DequantizeLinear", "Conv", "QuantizeLinear",
      ])
    #expect(graph.floats(graph.nodes[2].inputs[1]) == [0.125, 1])
    // As many zero points as scales.
    #expect(graph.constant(graph.nodes[1].inputs[2])?.elementCount == 2)
  }

  @Test(arguments: [(13, ["axes"], 1), (18, [], 2)] as [(Int64, [String], Int)])
  func meansTakeTheirAxesAsTheOpsetWantsThem(
    opset: Int64, attributes: [String], inputs: Int
  ) {
    var builder = builder()
    builder.graph.append(
      OperatorName("QLinearReduceMean", domain: Self.microsoft),
      inputs: ["x", "s", "z", "s", "z"], outputs: ["y"], attributes: ["axes": .ints([2, 3])])
    let mean = CodeExpansion(builder.graph, opset: opset).graph.nodes[1]
    #expect(mean.operatorName.name == "ReduceMean")
    #expect(mean.attributes.keys.sorted() == attributes)
    #expect(mean.inputs.count == inputs)
  }

  @Test func whatMovesCodesKeepsTheirMeaning() throws {
    var builder = builder()
    builder.graph.append(
      OperatorName("QLinearSigmoid", domain: Self.microsoft),
      inputs: ["x", "s", "z", "s", "z"], outputs: ["a"])
    builder.constant("pads", [Int64(0), 1, 0, 1])
    builder.node("Transpose", ["a"], ["b"], ["perm": .ints([1, 0])])
    builder.node("Pad", ["b", "pads"], ["c"])
    builder.node("Relu", ["c"], ["y"])
    let graph = CodeExpansion(builder.graph, opset: 17).graph
    #expect(
      graph.operators == [
        "DequantizeLinear", "Sigmoid", "QuantizeLinear", "DequantizeLinear", "Transpose",
        "QuantizeLinear", "DequantizeLinear", "Pad", "QuantizeLinear", "DequantizeLinear", "Clip",
        "QuantizeLinear",
      ])
    // Both fill and limit are the code 0, three steps of a half below zero.
    #expect(graph.floats(graph.nodes[7].inputs[2]) == [-1.5])
    #expect(graph.floats(graph.nodes[10].inputs[1]) == [-1.5])
    try graph.validate()
  }

  @Test func codesOfUnknownMeaningArePooledAsTheNumbersTheyAre() {
    var builder = builder()
    builder.node("MaxPool", ["x"], ["y"], ["kernel_shape": .ints([2, 2])])
    let graph = CodeExpansion(builder.graph, opset: 17).graph
    #expect(graph.operators == ["DequantizeLinear", "MaxPool", "QuantizeLinear"])
    #expect(graph.floats(graph.nodes[0].inputs[1]) == [1])
  }

  @Test(arguments: [4, 8])
  func packedWeightsAreUnpackedByColumn(bits: Int) throws {
    var builder = GraphBuilder()
    // Two columns of 16, one block each: the column's number plus the row's.
    let codes = (0..<2).map { column in (0..<16).map { UInt8((column + $0) % 16) } }
    let bytes = codes.flatMap { column in
      bits == 8
        ? column : stride(from: 0, to: 16, by: 2).map { column[$0] | column[$0 + 1] << 4 }
    }
    builder.constant("w", bytes, [2, 1, bytes.count / 2])
    builder.constant("s", [Float(0.5), 2], [2, 1])
    builder.graph.append(
      OperatorName("MatMulNBits", domain: Self.microsoft), name: "packed",
      inputs: ["x", "w", "s"], outputs: ["y"],
      attributes: [
        "K": .int(16), "N": .int(2), "bits": .int(Int64(bits)), "block_size": .int(16),
      ])
    let graph = CodeExpansion(builder.graph, opset: 17).graph
    #expect(graph.operators == ["MatMul"])
    let weights = try #require(graph.constant(graph.nodes[0].inputs[1]))
    #expect(weights.shape == [16, 2])
    let middle = Float(bits == 4 ? 8 : 128)
    let expected = (0..<16).flatMap { row in
      [(Float(codes[0][row]) - middle) * 0.5, (Float(codes[1][row]) - middle) * 2]
    }
    #expect(weights.floats == expected)
  }

  @Test(
    arguments: [
      (["x", "w", "s"], ["K": 16, "N": 2, "bits": 3, "block_size": 16], "3 bits"),
      (["x", "w", "s"], ["K": 16, "N": 2, "bits": 4], "block_size"),
      (["x", "w", "s"], ["K": 64, "N": 2, "bits": 4, "block_size": 16], "do not fit"),
      (["x", "w", "s"], ["N": 2, "block_size": 16], "K and N"),
      (["x", "x", "s"], ["K": 16, "N": 2, "block_size": 16], "not constant bytes"),
    ] as [([String], [String: Int64], String)])
  func whatIsWrongWithPackedWeightsIsSaid(
    inputs: [String], attributes: [String: Int64], reason: String
  ) throws {
    var builder = GraphBuilder()
    builder.constant("w", [UInt8](repeating: 0, count: 16), [2, 1, 8])
    builder.constant("s", [Float(0.5), 2], [2, 1])
    let id = builder.graph.append(
      OperatorName("MatMulNBits", domain: Self.microsoft), inputs: inputs, outputs: ["y"],
      attributes: attributes.mapValues { .int($0) })
    let expansion = CodeExpansion(builder.graph, opset: 17)
    #expect(expansion.graph.operators == ["MatMulNBits"])
    #expect(try #require(expansion.refusals[id]).contains(reason))
  }
}
