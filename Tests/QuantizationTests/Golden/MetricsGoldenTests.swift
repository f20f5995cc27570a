import Quantization
import Tensors
import Testing

@Suite struct MetricsGoldenTests {
  static let cases = GoldenSet.current.cases("metrics").filter { $0.kind == "error_metrics" }

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    let reference = try GoldenSet.current.tensor(golden["x"])
    let test = try GoldenSet.current.tensor(golden["y"])
    var sums = ErrorSums()
    reference.withUnsafeElements(of: Float.self) { x in
      test.withUnsafeElements(of: Float.self) { y in sums.add(reference: x, test: y) }
    }
    let expected = golden["float64"]
    try expectClose(sums.sqnr, expected["sqnr_db"])
    try expectClose(sums.cosine, expected["cosine"])
    try expectClose(sums.meanSquaredError, expected["mse"])
    try expectClose(Double(sums.largestError), expected["max_abs_error"])
  }

  private func expectClose(_ found: Double, _ expected: JSONValue) throws {
    let value = try #require(expected.double)
    #expect(found == value || found.isNaN && value.isNaN || abs(found - value) <= 1e-6 * abs(value))
  }
}
