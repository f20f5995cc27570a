/// PyTorch's way from a range of reals to a scale and a zero point; float32 throughout.
///
/// As `torch.ao.quantization` observers do it. Zero always lies inside the range, and epsilon is
/// a floor applied after the division; the zero point uses the floored scale.
package struct TorchParameterRule: Hashable, Sendable {
  package var lowest: Int32
  package var highest: Int32
  package var epsilon: Float

  package init(lowest: Int32, highest: Int32, epsilon: Float) {
    self.lowest = lowest
    self.highest = highest
    self.epsilon = epsilon
  }

  /// `scale = (upper - lower) / steps`. An infinite range gives an infinite scale, as in PyTorch.
  package func affine(lower: Float, upper: Float) -> (scale: Float, zeroPoint: Int32) {
    let low = min(lower, 0)
    let high = max(upper, 0)
    let scale = max((high - low) / Float(highest - lowest), epsilon)
    return (scale, zeroPoint(low: low, scale: scale))
  }

  /// The zero point of an affine map, inside the codes.
  func zeroPoint(low: Float, scale: Float) -> Int32 {
    let offset = (low / scale).rounded(.toNearestOrEven)
    guard !offset.isNaN else { return lowest }
    let exact = Double(lowest) - Double(offset)
    return Int32(min(max(exact, Double(lowest)), Double(highest)))
  }

  /// `scale = max(|lower|, |upper|) / (steps / 2)`: half steps, so 127.5 for 8 full bits.
  package func symmetricScale(lower: Float, upper: Float) -> Float {
    let bound = max(-min(lower, 0), max(upper, 0))
    return max(bound / (Float(highest - lowest) / 2), epsilon)
  }

  /// `per_channel_affine_float_qparams`: the raw range, and a zero point that stays a float.
  package func affineFloat(lower: Float, upper: Float) -> (scale: Float, zeroPoint: Float) {
    let step = (upper - lower) / Float(highest - lowest)
    let scale = step > epsilon ? step : 1
    return (scale, -lower / scale)
  }
}
