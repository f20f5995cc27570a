/// Where a conversion puts QuantizeLinear and DequantizeLinear.
package enum RoundingPlacement: String, Codable, Sendable, CaseIterable {
  /// Around every layer that an int8 kernel runs in one step. What has no int8 kernel stays exact.
  case layers
  /// Around the operators that ONNX Runtime's `quantize_static` rounds, whether or not they compute
  /// on codes.
  ///
  /// It differs from `layers` in these points. Softmax, Where and products of two activations read
  /// and make rounded values. A clamp behind a layer with symmetric activations stays, and what it
  /// reads is rounded with the range of its result. An AveragePool keeps the parameters of its
  /// input, the inputs of a Concat have their own. Operators that move values are rounded only
  /// behind something that is.
  case operators
}

extension Target {
  /// ONNX Runtime's targets round as its own tool does, so that the same options give the same graph.
  package var placement: RoundingPlacement { profile == .ort ? .operators : .layers }
}
