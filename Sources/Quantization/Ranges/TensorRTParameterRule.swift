/// TensorRT's way from a range of reals to a scale: `bound / 127`; the zero point is always 0.
///
/// A range of zero gets the scale 1.
/// - Source: NVIDIA TensorRT, "Working with Quantized Types".
package struct TensorRTParameterRule: Hashable, Sendable {
  /// 127 for 8 bits, whether or not -128 may be used.
  package var highest: Int32

  package init(highest: Int32 = 127) { self.highest = highest }

  package func scale(lower: Float, upper: Float) -> Float {
    let scale = max(-min(lower, 0), max(upper, 0)) / Float(highest)
    return scale > 0 ? scale : 1
  }
}
