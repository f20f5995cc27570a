import Execution
import Graphs
import OrderedCollections
import Tensors
import Testing

/// A convolution and the batch normalisation behind it as one convolution.
extension ModelGoldenTests {
  func checkFolding(_ golden: GoldenSet.Case) throws {
    var graph = Graph(name: "fold")
    graph.inputs = [
      ValueDeclaration(
        name: "x", elementType: .float32,
        dimensions: golden["input"]["shape"].ints.map { Dimension.fixed($0) })
    ]
    var inputs = ["x", "weight"]
    for name in ["weight", "bias", "gamma", "beta", "running_mean", "running_var"]
    where !golden[name].isNull {
      graph.initializers[name] = Initializer(try GoldenSet.current.tensor(golden[name]))
      if name == "bias" { inputs.append(name) }
    }
    let padding = golden["padding"].ints
    graph.append(
      OperatorName("Conv"), name: "conv", inputs: inputs, outputs: ["c"],
      attributes: [
        "group": .int(Int64(golden["groups"].int ?? 1)),
        "strides": .ints(golden["stride"].ints.map { Int64($0) }),
        "dilations": .ints(golden["dilation"].ints.map { Int64($0) }),
        "pads": .ints((padding + padding).map { Int64($0) }),
      ])
    graph.append(
      OperatorName("BatchNormalization"), name: "bn",
      inputs: ["c", "gamma", "beta", "running_mean", "running_var"], outputs: ["n"],
      attributes: ["epsilon": .float(try #require(golden["eps"].float))])
    let isClamped = golden["relu"].bool == true
    if isClamped { graph.append(OperatorName("Relu"), name: "r", inputs: ["n"], outputs: ["y"]) }
    let output = isClamped ? "y" : "n"
    graph.outputs = [ValueDeclaration(name: output, elementType: .float32, dimensions: nil)]
    let folded = try Model(graph: graph, opset: 17).prepared().model
    #expect(!folded.graph.nodes.contains { $0.is("BatchNormalization") })
    let conv = try #require(folded.graph.nodes.first { $0.is("Conv") })
    for (position, name) in [(1, "fused_weight"), (2, "fused_bias")] {
      let input = try #require(conv.input(position))
      let found = try #require(folded.graph.constant(input)).floats
      let expected = try GoldenSet.current.tensor(golden[name]).floats
      let largest = expected.map(abs).max() ?? 0
      #expect(found.count == expected.count)
      #expect(
        zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-6 * max(abs($1), 0.1 * largest) },
        "\(name)")
    }
    let executor = try Executor(model: folded, isPrepared: true)
    let found = try executor.run(["x": try GoldenSet.current.tensor(golden["input"])])
    for name in ["float_output", "fused_output"] {
      let expected = try GoldenSet.current.tensor(golden[name]).floats
      let values = try #require(found[output]).floats
      #expect(values.count == expected.count)
      #expect(
        zip(values, expected).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) }, "\(name)")
    }
  }
}
