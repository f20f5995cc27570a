/// ONNX DynamicQuantizeLinear's map of a tensor it has just seen: uint8, affine, float32 throughout.
///
/// `scale = (max(0, upper) - min(0, lower)) / 255`, `zeroPoint = rint(clamp(-lower / scale))`. Unlike
/// PyTorch's ``DynamicParameterRule`` there is no floor; a tensor of zeros has scale 1, as ONNX
/// Runtime has it.
/// - Source: ONNX DynamicQuantizeLinear-11.
package enum DynamicQuantizeLinearRule {
  package static func parameters(lower: Float, upper: Float) -> QuantizationParameters {
    let range = QuantizedRange.uint8
    let low = min(lower, 0)
    let high = max(upper, 0)
    let scale = high == low ? 1 : (high - low) / Float(range.steps)
    let zeroPoint = min(max(-low / scale, Float(range.lowest)), Float(range.highest))
    return QuantizationParameters(
      scale: scale,
      zeroPoint: zeroPoint.isNaN ? 0 : Int32(zeroPoint.rounded(.toNearestOrEven)), range: range)
  }
}
