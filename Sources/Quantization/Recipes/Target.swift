/// Whose defaults a recipe starts from.
package enum Target: String, Codable, Sendable, CaseIterable {
  case x86, fbgemm, onednn, qnnpack, ort
}
