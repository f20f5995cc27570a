/// Whose defaults a recipe starts from.
package enum Target: String, Codable, Sendable, CaseIterable {
  case x86, fbgemm, onednn, qnnpack
  /// PyTorch's `default_symmetric_qnnpack_qconfig`.
  case qnnpackSymmetric = "qnnpack_symmetric"
  case ort
  /// ONNX Runtime's `quantize_static` with nothing said.
  case ortSigned = "ort_s8s8"
  case tflite, trt
}
