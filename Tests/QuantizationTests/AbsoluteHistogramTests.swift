import Quantization
import Testing

@Suite struct AbsoluteHistogramTests {
  @Test(arguments: 1...6) func orderOfValuesDoesNotMatter(seed: UInt64) {
    var source = Stream(seed: seed)
    let values = (0..<500).map { _ in source.normal() * Float(source.bits() % 1000) }
    let growing = TensorStatistics.over(values.sorted { abs($0) < abs($1) }.map { [$0] })
    let shrinking = TensorStatistics.over(values.sorted { abs($0) > abs($1) }.map { [$0] })
    let once = TensorStatistics.over([values])
    #expect(growing.absolute == once.absolute)
    #expect(shrinking.absolute == once.absolute)
  }

  @Test(arguments: [0, .leastNonzeroMagnitude, 1e-38, 0.1, 1, 1.999, 2, 3e38] as [Float])
  func aMagnitudeLiesInItsBin(magnitude: Float) throws {
    var histogram = AbsoluteHistogram(bins: 64)
    histogram.add(magnitude, count: 3)
    let bin = try #require(histogram.counts.firstIndex { $0 > 0 })
    #expect(histogram.total == 3)
    #expect(Double(bin) * histogram.binWidth <= Double(magnitude))
    #expect(Double(bin + 1) * histogram.binWidth > Double(magnitude))
  }

  @Test func zerosAloneTakeNoRoom() {
    let statistics = TensorStatistics.over([[0, 0, 0], [5]])
    #expect(statistics.absolute.counts[0] == 3)
    #expect(statistics.absolute.exponent == 3)
  }
}
