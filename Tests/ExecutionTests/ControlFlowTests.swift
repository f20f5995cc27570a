import Graphs
import OrderedCollections
import Tensors
import Testing

@testable import Execution

@Suite struct ControlFlowTests {
  private func declare(_ name: String, _ type: ElementType = .float32) -> ValueDeclaration {
    ValueDeclaration(name: name, elementType: type, dimensions: nil)
  }

  private func branch(_ operatorName: String) -> Attribute {
    var graph = Graph()
    graph.append(OperatorName(operatorName), inputs: ["x"], outputs: ["result"])
    graph.outputs = [declare("result")]
    return .graph(graph)
  }

  /// `|x|` where the sum of `x` is positive, `-x` elsewhere, doubled.
  private var choice: Model {
    var graph = Graph()
    graph.inputs = [declare("x")]
    graph.initializers["zero"] = Initializer(.scalar(Float(0)))
    graph.append(
      OperatorName("ReduceSum"), inputs: ["x"], outputs: ["sum"], attributes: ["keepdims": .int(0)])
    graph.append(OperatorName("Greater"), inputs: ["sum", "zero"], outputs: ["c"])
    graph.append(
      OperatorName("If"), inputs: ["c"], outputs: ["y"],
      attributes: ["then_branch": branch("Abs"), "else_branch": branch("Neg")])
    graph.append(OperatorName("Add"), inputs: ["y", "y"], outputs: ["z"])
    graph.outputs = [declare("z")]
    return Model(graph: graph)
  }

  @Test func theDataDecide() throws {
    let executor = try Executor(model: choice)
    // Both ways, and the first again: parts of plans are kept and found.
    for values in [[3, -1], [1, -4], [5, -2], [-1, -1]] as [[Float]] {
      let found = try executor.run(["x": Tensor(values)])
      let expected = values.map { values.reduce(0, +) > 0 ? 2 * abs($0) : -2 * $0 }
      #expect(found["z"] == Tensor(expected))
    }
  }

  @Test func valuesInsideAreShownWhenTheyAreMade() throws {
    let executor = try Executor(
      model: choice, options: ExecutionOptions(kept: ["result", "result_2", "y"]))
    var seen: [[String]] = []
    for values in [[3, -1], [1, -4]] as [[Float]] {
      var names: [String] = []
      _ = try executor.run(["x": Tensor(values)]) { names.append($0.name) }
      seen.append(names)
    }
    #expect(seen[0].count == 2 && seen[1].count == 2)
    #expect(seen[0][0] != seen[1][0] && seen[0][1] == "y" && seen[1][1] == "y")
  }

  @Test func aSurveyListsBothBranches() throws {
    let plan = try Executor(model: choice).plan(for: ["x": [2]])
    let operators = plan.steps.map(\.operatorName)
    #expect(operators.contains("Abs") && operators.contains("Neg") && operators.contains("If"))
  }

  @Test func whatRunsIsTimedStepByStep() throws {
    let profile = try Executor(model: choice).profile(["x": Tensor([Float(1), 2])], runs: 3)
    #expect(profile.totals.count == 3)
    #expect(profile.stepDurations.count == profile.plan.steps.count)
    #expect(profile.stepDurations.allSatisfy { $0.count == 3 })
    #expect(!profile.plan.steps.contains { $0.operatorName == "Neg" })
  }

  /// Powers of two until their sum is beyond a limit.
  @Test func aLoopEndsByItsCondition() throws {
    var body = Graph()
    body.inputs = [declare("i", .int64), declare("go", .bool), declare("value")]
    body.append(OperatorName("Add"), inputs: ["value", "value"], outputs: ["twice"])
    body.append(OperatorName("Less"), inputs: ["twice", "limit"], outputs: ["goes"])
    body.outputs = [declare("goes", .bool), declare("twice"), declare("value")]
    body.append(OperatorName("Identity"), inputs: ["value"], outputs: ["trace"])
    body.outputs[2] = declare("trace")
    var graph = Graph()
    graph.inputs = [declare("start"), declare("limit")]
    graph.append(
      OperatorName("Loop"), inputs: ["", "", "start"], outputs: ["last", "traces"],
      attributes: ["body": .graph(body)])
    graph.outputs = [declare("last"), declare("traces")]
    let executor = try Executor(model: Model(graph: graph))
    let found = try executor.run(["start": .scalar(Float(1)), "limit": .scalar(Float(20))])
    #expect(found["last"] == .scalar(Float(32)))
    #expect(found["traces"] == Tensor([1, 2, 4, 8, 16] as [Float]))
  }

  @Test func computedShapesPauseThePlan() throws {
    var graph = Graph()
    graph.inputs = [declare("x"), declare("shape", .int64)]
    graph.append(OperatorName("Relu"), inputs: ["x"], outputs: ["r"])
    graph.append(OperatorName("Reshape"), inputs: ["r", "shape"], outputs: ["s"])
    graph.append(OperatorName("Shape"), inputs: ["s"], outputs: ["known"])
    graph.append(OperatorName("Add"), inputs: ["s", "s"], outputs: ["y"])
    graph.outputs = [declare("y"), declare("known", .int64), declare("r")]
    let executor = try Executor(model: Model(graph: graph))
    let x = Tensor([1, -2, 3, 4, 5, -6] as [Float])
    for dimensions in [[2, 3], [3, 2], [6, 1], [2, 3]] as [[Int64]] {
      let found = try executor.run(["x": x, "shape": Tensor(dimensions)])
      #expect(found["y"]?.shape == Shape(dimensions.map { Int($0) }))
      #expect(found["y"]?.floats == [2, 0, 6, 8, 10, 0])
      #expect(found["known"] == Tensor(dimensions))
      #expect(found["r"]?.floats == [1, 0, 3, 4, 5, 0])
    }
  }

  @Test func sequencesFlowBetweenOperators() throws {
    var graph = Graph()
    graph.inputs = [declare("a"), declare("b")]
    graph.initializers["one"] = Initializer(.scalar(Int64(1)))
    graph.append(OperatorName("SequenceConstruct"), inputs: ["a", "b"], outputs: ["s"])
    graph.append(OperatorName("Identity"), inputs: ["s"], outputs: ["same"])
    graph.append(OperatorName("SequenceAt"), inputs: ["same", "one"], outputs: ["second"])
    graph.append(OperatorName("SequenceLength"), inputs: ["s"], outputs: ["count"])
    graph.outputs = [declare("second"), declare("count", .int64)]
    let executor = try Executor(model: Model(graph: graph))
    let found = try executor.run(["a": Tensor([Float(1)]), "b": Tensor([Float(2), 3])])
    #expect(found["second"] == Tensor([Float(2), 3]))
    #expect(found["count"] == .scalar(Int64(2)))
  }

  @Test func stringsAreRefusedByName() throws {
    var graph = Graph()
    graph.inputs = [declare("words", .string)]
    graph.append(OperatorName("Identity"), inputs: ["words"], outputs: ["same"])
    graph.append(OperatorName("Identity"), inputs: ["same"], outputs: ["y"])
    graph.outputs = [declare("y", .string)]
    let executor = try Executor(model: Model(graph: graph))
    #expect(throws: ExecutionError.stringValue(name: "words", reader: "Identity (opset 17)")) {
      try executor.run(["words": Tensor(strings: [Array("a".utf8)], shape: [1])])
    }
  }
}
