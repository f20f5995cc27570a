import Graphs
import OrderedCollections
import Tensors
import Testing

@Suite struct RemoveIdentitiesTests {
  private func reduce(_ builder: GraphBuilder) throws -> Graph {
    var graph = builder.graph
    var report = PreparationReport()
    graph.removeIdentities(recording: &report)
    try graph.validate()
    return graph
  }

  @Test func theLaterNameSurvives() throws {
    var builder = GraphBuilder()
    builder.node("Relu", ["x"], ["a"])
    builder.node("Identity", ["a"], ["b"])
    builder.node("Dropout", ["b"], ["y", "mask"])
    let graph = try reduce(builder)
    #expect(graph.operators == ["Relu"])
    #expect(graph.nodes[0].outputs == ["y"])
  }

  @Test func anotherUseKeepsTheEarlierName() throws {
    var builder = GraphBuilder()
    builder.node("Relu", ["x"], ["a"])
    builder.node("Identity", ["a"], ["b"])
    builder.node("Identity", ["b"], ["c"])
    builder.node("Add", ["a", "c"], ["y"])
    let graph = try reduce(builder)
    #expect(graph.operators == ["Relu", "Add"])
    #expect(graph.nodes[1].inputs.first == graph.nodes[1].inputs.last)
  }

  @Test func inputsAndOutputsOfTheGraphKeepTheirNames() throws {
    var builder = GraphBuilder(outputs: ["y", "z"])
    builder.node("Identity", ["x"], ["y"])
    builder.node("Identity", ["x"], ["b"])
    builder.node("Relu", ["b"], ["z"])
    let graph = try reduce(builder)
    #expect(graph.operators == ["Identity", "Relu"])
    #expect(graph.nodes[1].inputs == ["x"])
  }

  @Test func subgraphsFollow() throws {
    var body = GraphBuilder(inputs: [], outputs: ["b"])
    body.node("Neg", ["x"], ["unused"])
    var builder = GraphBuilder(inputs: ["x", "flag"])
    builder.node("Identity", ["x"], ["b"])
    builder.node("If", ["flag"], ["y"], ["then_branch": .graph(body.graph)])
    let graph = try reduce(builder)
    #expect(graph.operators == ["If"])
    #expect(graph.nodes[0].capturedNames == ["x"])
  }

  static let idle: [(String, [String], [String: Attribute], Bool)] = [
    ("Cast", ["x"], ["to": .int(1)], true),
    ("Cast", ["x"], ["to": .int(7)], false),
    ("Pad", ["x", "nothing"], [:], true),
    ("Pad", ["x", "something"], [:], false),
    ("Transpose", ["x"], ["perm": .ints([0, 1, 2])], true),
    ("Transpose", ["x"], ["perm": .ints([0, 2, 1])], false),
    ("Transpose", ["x"], [:], false),
    ("Concat", ["x"], ["axis": .int(1)], true),
    ("Dropout", ["x", "", "no"], [:], true),
    ("Dropout", ["x", "", "yes"], [:], false),
  ]

  @Test(arguments: idle.indices) func nodesThatDoNothingGo(index: Int) throws {
    let (name, inputs, attributes, isIdle) = Self.idle[index]
    var builder = GraphBuilder()
    builder.constant("nothing", [Int64(0), 0])
    builder.constant("something", [Int64(0), 1])
    builder.constant("no", [false], .scalar)
    builder.constant("yes", [true], .scalar)
    builder.node(name, inputs, ["a"], attributes)
    builder.node("Relu", ["a"], ["y"])
    #expect(try reduce(builder).nodes.count == (isIdle ? 1 : 2))
  }
}

@Suite struct MergePadTests {
  private func merge(
    pads: [Int64], value: Float? = 0, convolution: [String: Attribute] = [:],
    pad: [String: Attribute] = [:], users: Int = 1
  ) -> Graph {
    var builder = GraphBuilder(outputs: (0..<users).map { "y\($0)" })
    builder.constant("w", [Float](repeating: 1, count: 9), [1, 1, 3, 3])
    builder.constant("pads", pads)
    if let value { builder.scalar("value", value) }
    builder.node("Pad", ["x", "pads"] + (value == nil ? [] : ["value"]), ["p"], pad)
    for user in 0..<users { builder.node("Conv", ["p", "w"], ["y\(user)"], convolution) }
    var report = PreparationReport()
    builder.graph.mergePadsIntoConvolutions(recording: &report)
    return builder.graph
  }

  @Test func bordersAdd() {
    let graph = merge(
      pads: [0, 0, 1, 2, 0, 0, 3, 4], convolution: ["pads": .ints([10, 20, 30, 40])])
    #expect(graph.operators == ["Conv"])
    #expect(graph.nodes[0].inputs[0] == "x")
    #expect(graph.nodes[0].ints("pads") == [11, 22, 33, 44])
  }

  @Test func everyConvolutionGetsTheBorder() {
    let graph = merge(pads: [0, 0, 1, 1, 0, 0, 1, 1], value: nil, users: 2)
    #expect(graph.operators == ["Conv", "Conv"])
    #expect(graph.nodes.allSatisfy { $0.ints("pads") == [1, 1, 1, 1] })
  }

  @Test func validPaddingBecomesExplicit() {
    let graph = merge(
      pads: [0, 0, 1, 0, 0, 0, 0, 1], convolution: ["auto_pad": .string(Array("VALID".utf8))])
    #expect(graph.nodes[0].ints("pads") == [1, 0, 0, 1])
    #expect(graph.nodes[0].string("auto_pad") == nil)
  }

  @Test func otherBordersStay() {
    let one: [Int64] = [0, 0, 1, 1, 0, 0, 1, 1]
    #expect(merge(pads: one, value: 1).nodes.count == 2)
    #expect(merge(pads: [0, 0, -1, 0, 0, 0, 0, 0]).nodes.count == 2)
    #expect(merge(pads: [0, 1, 0, 0, 0, 0, 0, 0]).nodes.count == 2)
    #expect(merge(pads: one, pad: ["mode": .string(Array("reflect".utf8))]).nodes.count == 2)
    let same: [String: Attribute] = ["auto_pad": .string(Array("SAME_UPPER".utf8))]
    #expect(merge(pads: one, convolution: same).nodes.count == 2)
  }
}

@Suite struct EliminationTests {
  @Test func deadNodesAndTheirConstantsGo() {
    var builder = GraphBuilder()
    builder.scalar("used", 1)
    builder.scalar("idle", 2)
    builder.node("Add", ["x", "used"], ["y"])
    builder.node("Add", ["x", "idle"], ["a"])
    builder.node("Neg", ["a"], ["b"])
    var report = PreparationReport()
    builder.graph.eliminateDeadNodes(recording: &report)
    builder.graph.eliminateUnusedInitializers()
    #expect(builder.graph.operators == ["Add"])
    #expect(Array(builder.graph.initializers.keys) == ["used"])
    #expect(report.foldings.map(\.value) == ["a", "b"])
  }

  @Test func constantsBecomeInitializersUnlessTheyAreOutputs() throws {
    var builder = GraphBuilder(inputs: ["x"], outputs: ["y", "kept"])
    builder.node("Constant", [], ["a"], ["value_ints": .ints([1, 2])])
    builder.node("Constant", [], ["b"], ["value_float": .float(3)])
    builder.node("Constant", [], ["kept"], ["value_floats": .floats([4])])
    builder.node("Add", ["x", "b"], ["y"])
    builder.graph.convertConstantsToInitializers()
    #expect(builder.graph.operators == ["Constant", "Add"])
    #expect(builder.graph.constant("a") == Tensor([Int64(1), 2]))
    #expect(builder.graph.constant("b") == .scalar(Float(3)))
    try builder.graph.validate()
  }

  @Test func preparedInputsAreNoInitializers() throws {
    var builder = GraphBuilder(inputs: ["x", "w"])
    builder.scalar("w", 1)
    builder.node("Add", ["x", "w"], ["y"])
    let prepared = try Model(graph: builder.graph, opset: 9, irVersion: 3).prepared()
    #expect(prepared.model.graph.inputs.map(\.name) == ["x"])
    #expect(prepared.model.irVersion == 7)
  }
}

@Suite struct IdentityChainTests {
  /// Half of the identities end in values that are used twice, so both ways of removing them mix.
  @Test func longChainsVanishInOneWalk() throws {
    var builder = GraphBuilder()
    var value = "x"
    for step in 0..<3000 {
      builder.node("Identity", [value], ["i\(step)"])
      builder.node(
        step % 2 == 0 ? "Neg" : "Add", step % 2 == 0 ? ["i\(step)"] : ["i\(step)", value],
        [step == 2999 ? "y" : "v\(step)"])
      value = "v\(step)"
    }
    var report = PreparationReport()
    builder.graph.removeIdentities(recording: &report)
    try builder.graph.validate()
    #expect(builder.graph.nodes.count == 3000)
    #expect(!builder.graph.operators.contains("Identity"))
    #expect(report.foldings.count == 3000)
  }
}
