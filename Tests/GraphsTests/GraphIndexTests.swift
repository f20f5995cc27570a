import Graphs
import Testing

@Suite struct GraphIndexTests {
  /// x → Relu a → (Neg b, Abs c) → Add y; an If captures b.
  private func diamond() -> Graph {
    var body = GraphBuilder(inputs: [], outputs: ["inside"])
    body.node("Relu", ["b"], ["inside"])
    var builder = GraphBuilder(inputs: ["x", "flag"], outputs: ["y", "z"])
    builder.node("Relu", ["x"], ["a"])
    builder.node("Neg", ["a"], ["b"])
    builder.node("Abs", ["a"], ["c"])
    builder.node("Add", ["b", "c"], ["y"])
    builder.node(
      "If", ["flag"], ["z"],
      ["then_branch": .graph(body.graph), "else_branch": .graph(body.graph)])
    return builder.graph
  }

  @Test func knowsWhoMakesAValue() {
    let index = GraphIndex(diamond())
    #expect(index.producer(of: "a")?.operatorName.name == "Relu")
    #expect(index.producer(of: "x") == nil)
    #expect(index.producerPosition(of: "y") == 3)
  }

  @Test func countsUsesOfSubgraphsAndOutputs() {
    let index = GraphIndex(diamond())
    #expect(index.consumers(of: "b").map(\.operatorName.name) == ["Add", "If"])
    #expect(index.useCount(of: "y") == 1)
    #expect(index.isGraphOutput("y"))
    #expect(index.isCaptured("b"))
  }

  @Test func aSoleConsumerIsTheOnlyUse() {
    let index = GraphIndex(diamond())
    #expect(index.soleConsumer(of: "a") == nil)
    #expect(index.soleConsumer(of: "b") == nil)
    #expect(index.soleConsumer(of: "c")?.operatorName.name == "Add")
    #expect(index.soleConsumer(of: "y") == nil)
  }

  @Test func aNodeThatUsesAValueTwiceIsOneConsumerAndTwoUses() {
    var builder = GraphBuilder()
    builder.node("Relu", ["x"], ["a"])
    builder.node("Mul", ["a", "a"], ["y"])
    let index = GraphIndex(builder.graph)
    #expect(index.consumers(of: "a").count == 1)
    #expect(index.useCount(of: "a") == 2)
    #expect(index.soleConsumer(of: "a") == nil)
  }

  @Test func renamingReachesSubgraphs() {
    var graph = diamond()
    graph.renameUses(of: "b", to: "x")
    #expect(graph.nodes[3].inputs == ["x", "c"])
    #expect(graph.nodes[4].capturedNames == ["x"])
  }

  @Test func newNamesAreUniqueInSubgraphsToo() {
    var names = NameAllocator(diamond())
    #expect(names.unique("fresh") == "fresh")
    #expect(names.unique("inside") == "inside_1")
    #expect(names.unique("inside") == "inside_2")
  }
}

@Suite struct GraphOrderTests {
  @Test func sortingKeepsTheOrderOfIndependentNodes() throws {
    var builder = GraphBuilder(outputs: ["y", "b"])
    builder.node("Add", ["a", "b"], ["y"])
    builder.node("Neg", ["x"], ["b"])
    builder.node("Relu", ["x"], ["a"])
    var graph = builder.graph
    #expect(throws: GraphFault.outOfOrder(value: "a", node: "Add → 'y'")) { try graph.validate() }
    #expect(try graph.sortNodes())
    #expect(graph.operators == ["Neg", "Relu", "Add"])
    try graph.validate()
    #expect(try !graph.sortNodes())
  }

  @Test func aNodeWaitsForWhatItsSubgraphCaptures() throws {
    var body = GraphBuilder(inputs: [], outputs: ["o"])
    body.node("Relu", ["late"], ["o"])
    var builder = GraphBuilder(inputs: ["flag", "x"])
    builder.node("If", ["flag"], ["y"], ["then_branch": .graph(body.graph)])
    builder.node("Neg", ["x"], ["late"])
    var graph = builder.graph
    try graph.sortNodes()
    #expect(graph.operators == ["Neg", "If"])
    try graph.validate()
  }

  @Test func faultsNameTheNode() {
    var cycle = GraphBuilder()
    cycle.node("Add", ["x", "b"], ["a"])
    cycle.node("Neg", ["a"], ["b"])
    cycle.node("Abs", ["b"], ["y"])
    #expect(throws: GraphFault.cycle(nodes: ["Add → 'a'", "Neg → 'b'", "Abs → 'y'"])) {
      try cycle.graph.sortNodes()
    }
    var twice = GraphBuilder()
    twice.node("Neg", ["x"], ["y"])
    twice.node("Abs", ["x"], ["y"])
    #expect(throws: GraphFault.valueMadeTwice(value: "y", node: "Abs → 'y'")) {
      try twice.graph.validate()
    }
    #expect(throws: GraphFault.undefinedOutput(value: "y")) { try GraphBuilder().graph.validate() }
  }

  @Test func longChainsSortInReverse() throws {
    var builder = GraphBuilder(outputs: ["v0"])
    for step in 0..<2000 {
      builder.node("Neg", [step == 1999 ? "x" : "v\(step + 1)"], ["v\(step)"])
    }
    var graph = builder.graph
    try graph.sortNodes()
    try graph.validate()
    #expect(graph.nodes.first?.outputs == ["v1999"])
  }
}
