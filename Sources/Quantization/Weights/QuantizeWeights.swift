package import Tensors

/// Quantizes a weight tensor, in row-major order, under a scheme.
///
/// `axis` holds the output channels: Conv 0, ConvTranspose 1, MatMul and Gemm 1 (0 when transposed).
/// - Throws: `ParameterError` when a weight is not finite, there is no such axis, or the scheme
///   cannot be met.
package func quantizeWeights(
  _ values: [Float], shape: Shape, axis: Int, scheme: TensorScheme
) throws(ParameterError) -> QuantizedWeights {
  try WeightStatistics(Tensor(values, shape: shape), axis: axis).quantized(with: scheme)
}

/// The same for weights that are a float32 tensor already.
package func quantizeWeights(
  _ weights: Tensor, axis: Int, scheme: TensorScheme
) throws(ParameterError) -> QuantizedWeights {
  try WeightStatistics(weights, axis: axis).quantized(with: scheme)
}

/// Quantizes a weight tensor with given maps, as after a repaired bias.
package func quantizeWeights(
  _ values: [Float], shape: Shape, parameters: TensorParameters, profile: NumericProfile
) -> QuantizedWeights {
  QuantizedWeights(Tensor(values, shape: shape), parameters: parameters, profile: profile)
}

/// Quantizes a bias; see ``QuantizedBias``.
package func quantizeBias(
  _ bias: [Float], inputScale: Float, weights: TensorParameters
) -> QuantizedBias {
  QuantizedBias(bias, inputScale: inputScale, weights: weights)
}
