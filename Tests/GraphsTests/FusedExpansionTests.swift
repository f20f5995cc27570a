import Graphs
import OrderedCollections
import Tensors
import Testing

@Suite struct FusedExpansionTests {
  private func prepared(
    _ name: String, _ inputs: [String], _ attributes: [String: Attribute] = [:],
    opset: Int64 = 17
  ) throws -> Graph {
    var builder = GraphBuilder()
    builder.constant("w", [Float](repeating: 0.5, count: 4), [2, 2])
    builder.constant("k", [Float](repeating: 0.5, count: 4), [2, 2, 1, 1])
    builder.constant("b", [Float(1), 2])
    builder.graph.append(
      OperatorName(name, domain: "com.microsoft"), name: "it", inputs: inputs, outputs: ["y"],
      attributes: attributes)
    return try Model(graph: builder.graph, opset: opset).prepared().model.graph
  }

  @Test(
    arguments: [
      ("FusedConv", ["x", "k", "b"], "Relu", [Float](), ["Conv", "Relu"]),
      ("FusedConv", ["x", "k", "b", "x"], "LeakyRelu", [0.1], ["Conv", "Add", "LeakyRelu"]),
      ("FusedConv", ["x", "k"], "Clip", [0, 6], ["Conv", "Clip"]),
      ("FusedConv", ["x", "k"], "", [], ["Conv"]),
      ("FusedConv", ["x", "k"], "Softsign", [], ["FusedConv"]),
    ])
  func convolutionsWithAnActivation(
    name: String, inputs: [String], activation: String, parameters: [Float],
    operators: [String]
  ) throws {
    let graph = try prepared(
      name, inputs,
      ["activation": .string(Array(activation.utf8)), "activation_params": .floats(parameters)])
    #expect(graph.operators == operators)
    #expect(graph.nodes.first?.name == "it")
    #expect(graph.nodes.last?.outputs == ["y"])
  }

  @Test func functionsAreFoundAgainAsPatterns() throws {
    let erf = try prepared("Gelu", ["x"])
    #expect(erf.patternMatches().map(\.kind) == [.gelu(tanhApproximation: false)])
    let fast = try prepared("FastGelu", ["x", "b"])
    #expect(fast.patternMatches().map(\.kind) == [.gelu(tanhApproximation: true)])
    #expect(
      try prepared("QuickGelu", ["x"], ["alpha": .float(1)]).patternMatches().map(\.kind) == [.silu]
    )
    #expect(try prepared("BiasGelu", ["x", "b"], opset: 20).operators == ["Add", "Gelu"])
    let norm = try prepared("SkipLayerNormalization", ["x", "x", "b", "b"], opset: 13)
    guard case .layerNormalization(_, let epsilon, "b", "b")? = norm.patternMatches().first?.kind
    else {
      Issue.record("found \(norm.patternMatches())")
      return
    }
    #expect(epsilon == 1e-12)
  }
}
