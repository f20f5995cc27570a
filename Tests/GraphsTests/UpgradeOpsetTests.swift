import Graphs
import OrderedCollections
import Tensors
import Testing

@Suite struct UpgradeOpsetTests {
  /// The nodes that a single one becomes, and its constants.
  private func upgraded(
    _ name: String, _ attributes: [String: Attribute], opset: Int64, inputs: [String] = ["x"],
    outputs: [String] = ["y"], rank: Int? = nil
  ) throws -> Graph {
    var builder = GraphBuilder(inputs: inputs)
    builder.graph.inputs[0].dimensions = rank.map { Array(repeating: .unknown, count: $0) }
    builder.node(name, inputs, outputs, attributes)
    let model = try Model(graph: builder.graph, opset: opset).upgraded()
    #expect(model.opset == 13)
    try model.graph.validate()
    return model.graph
  }

  private func integers(_ graph: Graph, _ slot: Int) -> [Int64]? {
    graph.nodes.first?.input(slot).flatMap(graph.constant)?.array()
  }

  @Test(arguments: ["Squeeze", "Unsqueeze", "ReduceSum"]) func axesBecomeAnInput(
    name: String
  ) throws {
    let graph = try upgraded(name, ["axes": .ints([0, 2])], opset: 12)
    #expect(graph.nodes[0].attributes.isEmpty)
    #expect(integers(graph, 1) == [0, 2])
  }

  @Test func otherReductionsKeepTheirAttribute() throws {
    let graph = try upgraded("ReduceMean", ["axes": .ints([1])], opset: 11)
    #expect(graph.nodes[0].ints("axes") == [1])
  }

  @Test func absentAxesStayAbsent() throws {
    #expect(try upgraded("Squeeze", [:], opset: 11).nodes[0].inputs == ["x"])
  }

  @Test func clipLimitsBecomeScalars() throws {
    let graph = try upgraded("Clip", ["max": .float(6)], opset: 10)
    #expect(graph.nodes[0].inputs.count == 3)
    #expect(graph.nodes[0].input(1) == nil)
    #expect(graph.nodes[0].input(2).flatMap(graph.constant) == .scalar(Float(6)))
  }

  @Test func sliceBoundsBecomeInputs() throws {
    let graph = try upgraded(
      "Slice", ["starts": .ints([1]), "ends": .ints([-1]), "axes": .ints([2])], opset: 9)
    #expect(integers(graph, 1) == [1])
    #expect(integers(graph, 2) == [-1])
    #expect(integers(graph, 3) == [2])
  }

  @Test func paddingAndTopKBecomeInputs() throws {
    let pad = try upgraded("Pad", ["pads": .ints([1, 0]), "value": .float(2)], opset: 10)
    #expect(integers(pad, 1) == [1, 0])
    #expect(pad.nodes[0].input(2).flatMap(pad.constant) == .scalar(Float(2)))
    let top = try upgraded("TopK", ["k": .int(5)], opset: 9, outputs: ["y", "i"])
    #expect(integers(top, 1) == [5])
  }

  @Test func upsampleBecomesResizeWithItsOldCoordinates() throws {
    let graph = try upgraded(
      "Upsample", ["scales": .floats([1, 2]), "mode": .string(Array("nearest".utf8))], opset: 7)
    let node = graph.nodes[0]
    #expect(node.operatorName.name == "Resize")
    #expect(node.inputs.count == 3 && node.input(1) == nil)
    #expect(node.input(2).flatMap(graph.floats) == [1, 2])
    #expect(node.string("coordinate_transformation_mode") == "asymmetric")
    #expect(node.string("nearest_mode") == "floor")
  }

  @Test func softmaxAlongTheLastAxisOnlyNamesIt() throws {
    for (axis, rank) in [(nil, 2), (Attribute.int(3), 4), (.int(-1), nil)] as [(Attribute?, Int?)] {
      let attributes = axis.map { ["axis": $0] } ?? [:]
      let graph = try upgraded("Softmax", attributes, opset: 11, rank: rank)
      #expect(graph.operators == ["Softmax"])
      #expect(graph.nodes[0].int("axis") == -1)
    }
  }

  @Test func softmaxOverSeveralAxesIsSpelledOut() throws {
    for rank in [4, nil] {
      let graph = try upgraded("LogSoftmax", [:], opset: 12, rank: rank)
      #expect(graph.operators == ["Shape", "Flatten", "LogSoftmax", "Reshape"])
      #expect(graph.nodes[1].int("axis") == 1)
      #expect(graph.nodes[2].int("axis") == -1)
      #expect(graph.nodes[3].outputs == ["y"])
    }
  }

  @Test func subgraphsAreUpgraded() throws {
    var body = GraphBuilder(inputs: [], outputs: ["o"])
    body.node("Squeeze", ["x"], ["o"], ["axes": .ints([0])])
    let graph = try upgraded("If", ["then_branch": .graph(body.graph)], opset: 11)
    let inner = try #require(graph.nodes[0].subgraphs.first)
    #expect(inner.nodes[0].inputs.count == 2)
    #expect(inner.nodes[0].attributes.isEmpty)
  }

  static let refused: [(String, [String: Attribute], Int64, [String])] = [
    ("BatchNormalization", ["spatial": .int(0)], 8, ["y"]),
    ("Scan", [:], 8, ["y"]),
  ]

  @Test(arguments: refused.indices) func whatCannotBeSaidIsRefusedByName(index: Int) throws {
    let (name, attributes, opset, outputs) = Self.refused[index]
    let error = #expect(throws: UpgradeError.self) {
      try upgraded(name, attributes, opset: opset, outputs: outputs)
    }
    #expect(try #require(error).description.contains(name))
  }

  @Test func aMaskInUseIsRefusedAndAnIdleOneDropped() throws {
    let idle = try upgraded("Dropout", ["ratio": .float(0.5)], opset: 9, outputs: ["y", "mask"])
    #expect(idle.nodes[0].outputs == ["y"])
    var builder = GraphBuilder()
    builder.node("Dropout", ["x"], ["d", "mask"])
    builder.node("Add", ["d", "mask"], ["y"])
    #expect(throws: UpgradeError.self) { try Model(graph: builder.graph, opset: 9).upgraded() }
  }

  @Test func newerModelsAndForeignDomainsStay() throws {
    var builder = GraphBuilder()
    builder.graph.append(
      OperatorName("Squeeze", domain: "com.example"), inputs: ["x"], outputs: ["y"],
      attributes: ["axes": .ints([0])])
    let newer = Model(graph: builder.graph, opset: 17)
    #expect(try newer.upgraded() == newer)
    let older = try Model(graph: builder.graph, opset: 9).upgraded()
    #expect(older.graph.nodes == builder.graph.nodes)
  }
}
