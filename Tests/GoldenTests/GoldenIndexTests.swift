import Testing

@Suite struct GoldenIndexTests {
  static let families: Set<String> = [
    "affine", "observers", "histogram_observer", "dynamic_qparams", "fake_quant_modules",
    "ort_calibrators", "ort_weights", "ort_static", "models", "metrics",
  ]

  @Test func everyFamilyIsKnown() {
    let found = GoldenSet.current.kinds
    #expect(!found.isEmpty, "no index in \(GoldenSet.current.root)")
    let unknown = found.filter { !Self.families.contains($0.key) }
    #expect(unknown.isEmpty, "families without a test: \(unknown)")
  }
}
