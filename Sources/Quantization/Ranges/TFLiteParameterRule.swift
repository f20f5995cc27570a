/// TensorFlow Lite's way from a range of reals to a scale and a zero point; float32 throughout.
///
/// A range of zero, for which TensorFlow Lite keeps a scale of 0, gets the scale 1 here: its codes
/// stand for the same reals, and every operator can divide by it.
/// - Source: TensorFlow Lite 8-bit quantization specification; `GetAsymmetricQuantizationParams` and
///   `SymmetricQuantizeFloats` in its tools.
package struct TFLiteParameterRule: Hashable, Sendable {
  package var lowest: Int32
  package var highest: Int32

  package init(lowest: Int32, highest: Int32) {
    self.lowest = lowest
    self.highest = highest
  }

  /// `scale = (upper - lower) / steps`; the zero point is rounded with ties away from zero.
  package func affine(lower: Float, upper: Float) -> (scale: Float, zeroPoint: Int32) {
    let low = min(lower, 0)
    let high = max(upper, 0)
    let step = high / Float(highest - lowest) - low / Float(highest - lowest)
    let range = high - low
    let scale = range.isFinite ? range / Float(highest - lowest) : step
    guard scale > 0 else { return (1, lowest) }
    let zeroPoint = (Float(lowest) - low / scale).rounded(.toNearestOrAwayFromZero)
    return (scale, Int32(min(max(zeroPoint, Float(lowest)), Float(highest))))
  }

  /// `scale = bound / highest`: weights never use -128, so it is not counted.
  package func symmetricScale(lower: Float, upper: Float) -> Float {
    let scale = max(-min(lower, 0), max(upper, 0)) / Float(highest)
    return scale > 0 ? scale : 1
  }
}
