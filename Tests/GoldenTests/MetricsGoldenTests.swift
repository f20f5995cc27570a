import Quantization
import Tensors
import Testing

@Suite(.golden("metrics")) struct MetricsGoldenTests {
  static let cases = GoldenSet.current.cases("metrics")

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    switch golden.kind {
    case "error_metrics": try checkErrors(golden)
    case "ort_kl_divergence": try checkDivergence(golden)
    default: recordUnknownKind(golden)
    }
  }

  private func checkErrors(_ golden: GoldenSet.Case) throws {
    let reference = try GoldenSet.current.tensor(golden["x"])
    let test = try GoldenSet.current.tensor(golden["y"])
    var sums = ErrorSums()
    reference.withUnsafeElements(of: Float.self) { x in
      test.withUnsafeElements(of: Float.self) { y in sums.add(reference: x, test: y) }
    }
    let exact = golden["float64"]
    try expectClose(sums.sqnr, exact["sqnr_db"], 1e-6)
    try expectClose(sums.cosine, exact["cosine"], 1e-6)
    try expectClose(sums.meanSquaredError, exact["mse"], 1e-6)
    try expectClose(Double(sums.largestError), exact["max_abs_error"], 1e-6)
    // PyTorch adds up in float32, and ONNX Runtime subtracts in it.
    let tolerance = golden["suggested_rel_tolerance_float32_metrics"].double ?? 1e-4
    try expectClose(sums.sqnr(.torch), golden["torch_sqnr_db"], tolerance)
    try expectClose(sums.sqnr(.ort), golden["ort_sqnr_db"], tolerance)
    try expectClose(sums.cosine, golden["torch_cosine"], tolerance)
    try expectClose(sums.normalizedError, golden["torch_normalized_l2"], tolerance)
  }

  private func checkDivergence(_ golden: GoldenSet.Case) throws {
    let p = golden["p_counts"].ints
    let q = golden["q_counts"].ints
    #expect(same(try #require(KullbackLeibler.smoothed(p)), golden["smoothed_p"].floats))
    #expect(same(try #require(KullbackLeibler.smoothed(q)), golden["smoothed_q"].floats))
    try expectClose(
      Double(KullbackLeibler.divergence(p, from: q)), golden["kl"],
      golden["suggested_rel_tolerance"].double ?? 1e-4)
  }

  private func expectClose(
    _ found: Double, _ expected: JSONValue, _ tolerance: Double,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let value = try #require(expected.double)
    #expect(
      found == value || found.isNaN && value.isNaN || abs(found - value) <= tolerance * abs(value),
      sourceLocation: location)
  }
}
