/// PyTorch's `choose_qparams`: the map of a tensor whose range is known only while it runs.
///
/// Dynamic layers use it for activations, and the fused fake-quantize module for everything. It
/// differs from the observers' ``TorchParameterRule``: double precision, a floor of 6.1e-5 on the
/// scale that widens the range with it, and a zero point taken from the end that rounds better.
package struct DynamicParameterRule: Hashable, Sendable {
  package var lowest: Int32
  package var highest: Int32
  /// Symmetric: `scale = max(|lower| / 128, |upper| / 127)` (for 8 bits) and zero point 0, as long
  /// as the range holds both signs. A range of one sign stays affine.
  package var preservesSparsity: Bool
  /// Whether the zero point is computed from the scale as it is stored, not as it was computed; the
  /// fused module does so, dynamic layers do not.
  package var usesStoredScale: Bool

  /// Scales below it are raised to it.
  static let leastScale: Float = 6.1e-5

  package init(
    lowest: Int32, highest: Int32, preservesSparsity: Bool = false, usesStoredScale: Bool = false
  ) {
    self.lowest = lowest
    self.highest = highest
    self.preservesSparsity = preservesSparsity
    self.usesStoredScale = usesStoredScale
  }

  /// fbgemm's dynamic Linear and LSTM: 7 bits when `reduceRange`, so that 16-bit sums fit.
  package static func activation(reduceRange: Bool) -> DynamicParameterRule {
    DynamicParameterRule(lowest: 0, highest: reduceRange ? 127 : 255)
  }

  /// - Precondition: neither end is not-a-number.
  package func parameters(lower: Float, upper: Float) -> (scale: Float, zeroPoint: Int32) {
    var low = lower
    var high = upper
    let isBalanced = preservesSparsity && low < 0 && high > 0
    if isBalanced { (low, high) = balanced(low, high) }
    low = min(low, 0)
    high = max(high, 0)
    let steps = Double(highest) - Double(lowest)
    var scale = (Double(high) - Double(low)) / steps
    if usesStoredScale { scale = Double(Float(scale)) }
    // A scale whose reciprocal overflows cannot be multiplied by.
    if Float(scale) == 0 || (1 / Float(scale)).isInfinite { scale = 0.1 }
    if scale < Double(Self.leastScale) {
      widen(&low, &high, from: Float(scale), steps: Float(highest - lowest))
      scale = Double(Self.leastScale)
    }
    let zeroPoint =
      isBalanced
      ? ((Double(lowest) + Double(highest)) / 2) : nearerZeroPoint(low, high, scale: scale)
    let inside = min(max(zeroPoint, Double(lowest)), Double(highest))
    return (
      Float(scale), inside.isNaN ? lowest : Int32(inside.rounded(.toNearestOrEven))
    )
  }

  /// A range whose ends lie as far from zero as the codes' own: -128 and 127 for 8 bits.
  private func balanced(_ low: Float, _ high: Float) -> (Float, Float) {
    let below = -((highest - lowest) / 2 + 1)
    let above = (highest - lowest) / 2
    let scale = max(abs(Double(low) / Double(below)), abs(Double(high) / Double(above)))
    return (Float(scale * Double(below)), Float(scale * Double(above)))
  }

  private func widen(_ low: inout Float, _ high: inout Float, from scale: Float, steps: Float) {
    if low == 0 {
      high = Self.leastScale * steps
    } else if high == 0 {
      low = -Self.leastScale * steps
    } else {
      let factor = Self.leastScale / scale
      low *= factor
      high *= factor
    }
  }

  /// Both ends give a zero point; the one computed from smaller numbers is the more exact.
  private func nearerZeroPoint(_ low: Float, _ high: Float, scale: Double) -> Double {
    let lowSteps = Double(low) / scale
    let highSteps = Double(high) / scale
    let lowError = abs(Double(lowest)) + abs(lowSteps)
    let highError = abs(Double(highest)) + abs(highSteps)
    return lowError < highError ? Double(lowest) - lowSteps : Double(highest) - highSteps
  }
}
