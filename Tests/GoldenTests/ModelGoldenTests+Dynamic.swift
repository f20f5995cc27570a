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
