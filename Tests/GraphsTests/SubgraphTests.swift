import OrderedCollections
import Tensors
import Testing

@testable import Graphs

@Suite struct SubgraphTests {
  /// A branch that makes `result` of the value `x` around it and a constant around it.
  private func branch(_ operatorName: String, constant: String) -> Graph {
    var graph = Graph(name: operatorName)
    graph.append(
      OperatorName(operatorName), name: "inner", inputs: ["x", constant], outputs: ["result"])
    graph.outputs = [ValueDeclaration(name: "result", elementType: .float32, dimensions: nil)]
    return graph
  }

  private func model(condition: Tensor? = nil) -> Model {
    var graph = Graph()
    graph.inputs = [
      ValueDeclaration(name: "x", elementType: .float32, dimensions: nil),
      ValueDeclaration(name: "c", elementType: .bool, dimensions: []),
    ]
    graph.initializers["w"] = Initializer(Tensor([Float(1), 2]))
    graph.initializers["only"] = Initializer(Tensor([Float(3), 4]))
    if let condition { graph.initializers["known"] = Initializer(condition) }
    graph.append(OperatorName("Add"), name: "around", inputs: ["x", "w"], outputs: ["sum"])
    graph.append(
      OperatorName("If"), name: "choice", inputs: [condition == nil ? "c" : "known"],
      outputs: ["y"],
      attributes: [
        "then_branch": .graph(branch("Add", constant: "w")),
        "else_branch": .graph(branch("Mul", constant: "only")),
      ])
    graph.append(OperatorName("Add"), inputs: ["sum", "y"], outputs: ["z"])
    graph.outputs = [ValueDeclaration(name: "z", elementType: .float32, dimensions: nil)]
    return Model(graph: graph)
  }

  @Test func namesAndIdsAreUniqueInAPreparedModel() throws {
    let graphs = try model().prepared().model.graph.everyGraph
    #expect(graphs.count == 3)
    let ids = graphs.flatMap(\.nodes).map(\.id)
    #expect(Set(ids).count == ids.count)
    let names = graphs.flatMap { Array($0.definedNames) }
    #expect(Set(names).count == names.count)
    try graphs[0].validate()
  }

  @Test func constantsMoveToWhereTheyAreUsed() throws {
    let graphs = try model().prepared().model.graph.everyGraph
    // One is used around the branches too, so a branch gets a copy; the other moves.
    #expect(graphs[0].initializers.keys.contains("w"))
    #expect(!graphs[0].initializers.keys.contains("only"))
    let inner = graphs.dropFirst().flatMap { $0.initializers.values.map(\.tensor) }
    #expect(inner.count == 2)
    #expect(inner.contains(Tensor([Float(1), 2])) && inner.contains(Tensor([Float(3), 4])))
    for graph in graphs.dropFirst() { #expect(graph.freeNames == ["x"]) }
  }

  @Test(arguments: [true, false])
  func aConstantConditionLeavesOneBranch(_ condition: Bool) throws {
    let graph = try model(condition: .scalar(condition)).prepared().model.graph
    #expect(graph.everyGraph.count == 1)
    #expect(graph.nodes.contains { $0.is("Mul") } == !condition)
    #expect(graph.outputs.map(\.name) == ["z"])
    try graph.validate()
  }

  /// `f(a, b) = (a - b, a)`, called with its operands in the other order.
  private func calling(depth: Int = 1) -> Model {
    var body = Graph()
    body.append(OperatorName("Sub"), name: "difference", inputs: ["a", "b"], outputs: ["r"])
    body.append(
      OperatorName("LeakyRelu"), inputs: ["r"], outputs: ["s"],
      attributes: ["alpha": .reference(name: "slope", type: 1)])
    var graph = Graph()
    graph.inputs = ["a", "b"].map {
      ValueDeclaration(name: $0, elementType: .float32, dimensions: nil)
    }
    graph.append(
      OperatorName("f", domain: "own"), name: "call", inputs: ["b", "a"], outputs: ["r", "t"],
      attributes: ["slope": .float(0.5)])
    graph.append(OperatorName("Add"), inputs: ["r", "t"], outputs: ["y"])
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    var model = Model(graph: graph)
    model.functions = [
      LocalFunction(
        OperatorName("f", domain: "own"), inputs: ["a", "b"], outputs: ["s", "a"], body: body)
    ]
    return model
  }

  @Test func functionsAreSpelledOut() throws {
    let graph = try calling().prepared().model.graph
    try graph.validate()
    #expect(graph.nodes.map(\.operatorName.name).sorted() == ["Add", "LeakyRelu", "Sub"])
    let difference = try #require(graph.nodes.first { $0.is("Sub") })
    #expect(difference.inputs == ["b", "a"] && difference.name == "call/difference")
    let relu = try #require(graph.nodes.first { $0.is("LeakyRelu") })
    #expect(relu.float("alpha") == 0.5)
    // The second result is the first operand itself.
    #expect(graph.nodes.last?.inputs.contains("b") ?? false)
  }

  @Test func aFunctionThatCallsItselfEnds() throws {
    var model = calling()
    model.functions[0].body.append(
      OperatorName("f", domain: "own"), inputs: ["s", "b"], outputs: ["more", "again"])
    model.functions[0].outputs = ["more", "a"]
    let graph = try model.prepared().model.graph
    #expect(graph.nodes.contains { $0.operatorName.name == "f" })
  }
}
