/// Whose definition of a metric is used, where libraries differ.
package enum MetricProfile: String, Codable, Sendable, CaseIterable {
  /// `torch.ao.ns`: identical tensors have infinite SQNR, two zero tensors none (NaN).
  case torch
  /// ONNX Runtime's `qdq_loss_debug`: both norms are at least 2.2e-16, so SQNR is always finite.
  case ort

  /// The distance from 1 to the next double.
  static let leastNorm = Double.ulpOfOne
}
