/// ONNX Runtime's way from a range of reals to a scale and a zero point; double precision until the
/// scale is stored, no epsilon.
///
/// As `compute_scale_zp` in ONNX Runtime's quantization tool. A range too narrow for a normal scale
/// gives scale 1 and zero point 0.
package struct ONNXRuntimeParameterRule: Hashable, Sendable {
  package var lowest: Int32
  package var highest: Int32
  /// Widens `upper` so that the range is at least this wide; 0 leaves it.
  package var minimumRealRange: Double

  package init(lowest: Int32, highest: Int32, minimumRealRange: Double = 0) {
    self.lowest = lowest
    self.highest = highest
    self.minimumRealRange = minimumRealRange
  }

  package func parameters(
    lower: Float, upper: Float, symmetry: Symmetry
  ) -> (scale: Float, zeroPoint: Int32) {
    var low = Double(min(lower, 0))
    var high = Double(max(upper, 0))
    if minimumRealRange > 0 { high = max(high, low + minimumRealRange) }
    if symmetry == .symmetric {
      high = max(-low, high)
      low = -high
    }
    let scale = (high - low) / Double(highest - lowest)
    guard scale >= Double(Float.leastNormalMagnitude) else { return (1, 0) }
    let zeroPoint =
      switch symmetry {
      case .symmetric: ((Double(lowest) + Double(highest)) / 2).rounded(.toNearestOrEven)
      case .affine: (Double(lowest) - low / scale).rounded(.toNearestOrEven)
      }
    // Between `lowest` and `highest` already, except when the range is infinite.
    let inside = min(max(zeroPoint, Double(lowest)), Double(highest))
    return (Float(scale), zeroPoint.isNaN ? lowest : Int32(inside))
  }
}
