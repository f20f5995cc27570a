/// Whose arithmetic turns a range into a scale and a zero point, and reals into codes.
///
/// All agree in spirit and differ in every detail that a comparison of models would show.
package enum NumericProfile: String, Codable, Sendable, CaseIterable {
  /// PyTorch: float32; symmetric int8 divides by 127.5 (127 when narrow); reduced int8 is -64...63;
  /// scales have a floor of epsilon.
  case torch
  /// ONNX Runtime: double; symmetric int8 is -127...127; reduced int8 is -64...64; a range too small
  /// for a normal float gets the scale 1.
  case ort
  /// TensorFlow Lite: float32; symmetric int8 divides by 127; ties round away from zero; a range of
  /// zero gets the scale 1. Its specification has no reduced range.
  case tflite
  /// TensorRT: symmetric only, zero point 0, `scale = bound / 127`; activations may use -128, which
  /// the scale does not count. There is no reduced range.
  case trt
}
