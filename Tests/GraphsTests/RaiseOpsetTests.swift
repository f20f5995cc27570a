import Graphs
import OrderedCollections
import Tensors
import Testing

@Suite struct RaiseOpsetTests {
  private func model(_ build: (inout Graph) -> Void) -> Model {
    var graph = Graph(name: "raise")
    build(&graph)
    return Model(graph: graph, opset: 17)
  }

  @Test func axesOfReductionsBecomeInputs() throws {
    let raised = try model {
      $0.append(
        OperatorName("ReduceMean"), inputs: ["x"], outputs: ["y"],
        attributes: ["axes": .ints([1, 2])])
    }.upgraded(toAtLeast: 21)
    let node = try #require(raised.graph.nodes.first)
    #expect(node.ints("axes") == nil)
    #expect(raised.graph.constant(try #require(node.input(1)))?.array(of: Int64.self) == [1, 2])
    #expect(raised.opset == 21 && raised.irVersion >= 10)
  }

  @Test func anEvenSplitSaysHowManyParts() throws {
    let raised = try model {
      $0.append(OperatorName("Split"), inputs: ["x"], outputs: ["a", "b", "c"])
    }.upgraded(toAtLeast: 21)
    #expect(raised.graph.nodes.first?.int("num_outputs") == 3)
  }

  @Test func groupNormalizationOfOldIsRefused() {
    #expect(throws: UpgradeError.self) {
      try model {
        $0.append(OperatorName("GroupNormalization"), inputs: ["x", "s", "b"], outputs: ["y"])
      }.upgraded(toAtLeast: 21)
    }
  }

  @Test func aNewModelStaysAsItIs() throws {
    var source = model { $0.append(OperatorName("Relu"), inputs: ["x"], outputs: ["y"]) }
    source.opsets[""] = 21
    #expect(try source.upgraded(toAtLeast: 21) == source)
    #expect(try model { _ in }.upgraded(toAtLeast: 13).opset == 17)
  }
}
