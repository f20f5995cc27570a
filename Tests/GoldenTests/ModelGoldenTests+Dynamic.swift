import Conversion
import Execution
import Graphs
import Kernels
import OrderedCollections
import Quantization
import Tensors
import Testing

/// PyTorch's dynamic quantization: weights, ranges of inputs, and the Linear as it computes.
extension ModelGoldenTests {
  /// Weights and ranges of every dynamic layer, and the Linear as it computes.
  func checkDynamic(_ golden: GoldenSet.Case) throws {
    let scheme = TensorScheme(
      type: .qint8, symmetry: .symmetric, granularity: .perTensor, observer: .minMax)
    var quantized: [String: QuantizedWeights] = [:]
    for (name, expected) in golden["quantized_weights"].members {
      let parameter = golden["float_parameters"][name]
      let weight = try GoldenSet.current.tensor(
        parameter.isNull ? golden["float_parameters"][name + ".weight"] : parameter)
      let found = try quantizeWeights(weight, axis: 0, scheme: scheme)
      #expect(same(found.parameters.channels.map(\.scale), expected["scale"].numbers), "\(name)")
      #expect(
        found.parameters.channels.map { Float($0.zeroPoint) } == expected["zero_point"].numbers)
      let codes = (0..<found.codes.count).map { Int(found.codes[$0]) }
      #expect(codes == expected["q"]["data"].ints, "\(name)")
      quantized[name] = found
    }
    let input = try GoldenSet.current.tensor(golden["fc_input"])
    let output = try GoldenSet.current.tensor(golden["fc_output"])
    let map = try expectDynamic(input, golden["fc_input_qparams_reduced"])
    _ = try expectDynamic(output, golden["lstm_input_qparams_reduced"])
    let weights = try #require(quantized["fc"])
    let bias = try GoldenSet.current.tensor(golden["float_parameters"]["fc.bias"]).floats
    let found = linear(input.floats, map, weights, bias)
    try #require(found.count == output.elementCount)
    let largest = zip(found, output.floats).map { abs($0 - $1) }.max() ?? 0
    #expect(largest <= 1e-5, "the Linear")
    try checkLSTM(golden, input: output)
  }

  /// The LSTM on int8 kernels, with PyTorch's 7-bit activations.
  private func checkLSTM(_ golden: GoldenSet.Case, input: Tensor) throws {
    let layers = try LayerGraph(model: try lstm(golden, input: input.shape))
    let rule = try Rule(parsing: "op=LSTM:precision=weightOnly,weight.granularity=perTensor")
    let resolution = try layers.resolve(Recipe(target: .x86, rules: [rule]))
    let conversion = try Converter.convert(layers, resolution, edgeParameters: [:])
    let executor = try Executor(
      model: conversion.model,
      options: ExecutionOptions(mode: .integer, dynamicQuantization: .reduced))
    let found = try #require(try executor.run(["x": input])["y"]).floats
    let expected = try GoldenSet.current.tensor(golden["quantized_output"]).floats
    try #require(found.count == expected.count)
    let largest = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(largest <= 1e-3, "the LSTM")
  }

  /// PyTorch's LSTM in ONNX: gates in the order input, output, forget, cell.
  private func lstm(_ golden: GoldenSet.Case, input: Shape) throws -> Model {
    var graph = Graph(name: "lstm")
    graph.inputs = [
      ValueDeclaration(
        name: "x", elementType: .float32, dimensions: input.dimensions.map { .fixed($0) })
    ]
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    func parameter(_ name: String) throws -> Tensor {
      try GoldenSet.current.tensor(golden["float_parameters"]["lstm.\(name)_l0"])
    }
    func reordered(_ tensor: Tensor) -> [Float] {
      let gates = tensor.floats.chunks(of: tensor.elementCount / 4)
      return gates[0] + gates[3] + gates[1] + gates[2]
    }
    for name in ["weight_ih", "weight_hh"] {
      let tensor = try parameter(name)
      graph.initializers[name] = Initializer(
        Tensor(reordered(tensor), shape: Shape([1] + tensor.shape.dimensions)))
    }
    let biases = reordered(try parameter("bias_ih")) + reordered(try parameter("bias_hh"))
    graph.initializers["bias"] = Initializer(Tensor(biases, shape: [1, biases.count]))
    graph.append(
      OperatorName("LSTM"), name: "lstm", inputs: ["x", "weight_ih", "weight_hh", "bias"],
      outputs: ["y"], attributes: ["hidden_size": .int(Int64(biases.count / 8))])
    return Model(graph: graph, opset: 17)
  }

  private func expectDynamic(
    _ input: Tensor, _ expected: JSONValue
  ) throws -> QuantizationParameters {
    let values = input.floats
    let (scale, zeroPoint) = DynamicParameterRule.activation(reduceRange: true).parameters(
      lower: values.min() ?? 0, upper: values.max() ?? 0)
    #expect(same(scale, try #require(expected["scale"].float)))
    #expect(Int(zeroPoint) == expected["zero_point"].int)
    return QuantizationParameters(scale: scale, zeroPoint: zeroPoint, range: .uint8)
  }

  /// `scale * sum((q - zeroPoint) * w) + bias`, with sums in integers.
  private func linear(
    _ input: [Float], _ map: QuantizationParameters, _ weights: QuantizedWeights, _ bias: [Float]
  ) -> [Float] {
    let codes = input.map { map.torchQuantize($0) - map.zeroPoint }
    let depth = weights.codes.count / bias.count
    let scale = map.scale * weights.parameters.channels[0].scale
    return (0..<input.count / depth).flatMap { row in
      bias.indices.map { column in
        var sum: Int32 = 0
        for index in 0..<depth {
          sum += codes[row * depth + index] * weights.codes[column * depth + index]
        }
        return Float(sum) * scale + bias[column]
      }
    }
  }
}

extension [Float] {
  fileprivate func chunks(of size: Int) -> [[Float]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
  }
}
