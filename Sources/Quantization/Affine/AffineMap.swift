/// How real values become codes and back, one value at a time.
///
/// Four rules exist, which differ in the last bit only, and every one of them matters: PyTorch's
/// quantize adds the zero point before it rounds, its fake-quantize after, and ONNX divides where
/// PyTorch multiplies by a reciprocal; there ties go to even. TensorFlow Lite multiplies too, and
/// rounds ties away from zero.
///
/// Not-a-number becomes the code of real zero and infinities saturate, everywhere.
extension QuantizationParameters {
  /// The real value that `code` stands for: `(code - zeroPoint) * scale` in one float32 rounding.
  package func dequantize(_ code: Int32) -> Float { Float(code - zeroPoint) * scale }

  /// ONNX QuantizeLinear: `clamp(rint(value / scale) + zeroPoint)`.
  package func quantizeLinear(_ value: Float) -> Int32 {
    code(offset: value / scale)
  }

  /// PyTorch's quantize: `clamp(rint(fma(value, 1 / scale, zeroPoint)))`.
  package func torchQuantize(_ value: Float) -> Int32 {
    let shifted = Float(zeroPoint).addingProduct(value, 1 / scale)
    guard !shifted.isNaN else { return zeroPoint }
    return Int32(roundedToEven(clamped(shifted, range.lowest, range.highest)))
  }

  /// TensorFlow Lite's quantize: `clamp(round(value * (1 / scale)) + zeroPoint)`.
  package func tfliteQuantize(_ value: Float) -> Int32 {
    let offset = value * (1 / scale)
    guard !offset.isNaN else { return zeroPoint }
    let inside = clamped(offset, range.lowest - zeroPoint, range.highest - zeroPoint)
    return Int32(inside.rounded(.toNearestOrAwayFromZero)) + zeroPoint
  }

  /// The code of a constant by the rule of a library; TensorRT's is that of ONNX.
  @inline(__always)
  func quantize(_ value: Float, _ profile: NumericProfile) -> Int32 {
    switch profile {
    case .torch: torchQuantize(value)
    case .ort, .trt: quantizeLinear(value)
    case .tflite: tfliteQuantize(value)
    }
  }

  /// PyTorch's fake-quantize: the nearest representable real, by `rint(value * (1 / scale))`.
  package func fakeQuantize(_ value: Float) -> Float {
    dequantize(code(offset: value * (1 / scale)))
  }

  /// Whether fake-quantize passes a gradient: the code before clamping lies inside the range.
  package func passesGradient(_ value: Float) -> Bool {
    let offset = value * (1 / scale)
    guard !offset.isNaN else { return false }
    let rounded = offset.rounded(.toNearestOrEven)
    return rounded >= Float(range.lowest - zeroPoint) && rounded <= Float(range.highest - zeroPoint)
  }

  /// Rounds, adds the zero point, clamps. Clamping first is the same, and cannot overflow.
  @inline(__always)
  private func code(offset: Float) -> Int32 {
    guard !offset.isNaN else { return zeroPoint }
    let inside = clamped(offset, range.lowest - zeroPoint, range.highest - zeroPoint)
    return Int32(roundedToEven(inside)) + zeroPoint
  }

  @inline(__always)
  private func clamped(_ value: Float, _ lowest: Int32, _ highest: Int32) -> Float {
    min(max(value, Float(lowest)), Float(highest))
  }
}

/// Rounds to the nearest integer, ties to even, for magnitudes below 2^22.
///
/// Adding and taking away 1.5 * 2^23 leaves no fraction bits; this needs no call into the C library
/// on processors without SSE 4.1, and compiles to two vector instructions in a loop.
@inline(__always)
func roundedToEven(_ value: Float) -> Float {
  (value + 0x1.8p23) - 0x1.8p23
}
