import Foundation
import Quantization
import Testing

@Suite struct TensorStatisticsMergeTests {
  @Test(arguments: 1...8) func shardsAddUpToOneRun(seed: UInt64) throws {
    var source = Stream(seed: seed)
    let batches = (0..<9).map { source.normals(40, scale: Float($0 + 1)) }
    var whole = TensorStatistics(channelAxis: 1)
    var left = TensorStatistics(channelAxis: 1)
    var right = TensorStatistics(channelAxis: 1)
    for (index, batch) in batches.enumerated() {
      whole.observe(batch, outer: 2, channels: 4, inner: 5)
      if index < 4 {
        left.observe(batch, outer: 2, channels: 4, inner: 5)
      } else {
        right.observe(batch, outer: 2, channels: 4, inner: 5)
      }
    }
    left.merge(right)
    #expect(left.batchCount == whole.batchCount)
    #expect(left.elementCount == whole.elementCount)
    #expect(left.absolute == whole.absolute)
    #expect(left.minimum == whole.minimum)
    #expect(left.maximum == whole.maximum)
    #expect(left.batchRanges == whole.batchRanges)
    #expect(left.channels?.minima == whole.channels?.minima)
    #expect(left.channels?.maxima == whole.channels?.maxima)
    #expect(abs(left.sumOfSquares - whole.sumOfSquares) < 1e-9 * whole.sumOfSquares)
    #expect(abs(left.signed.total - whole.signed.total) < 1e-3)
    let merged = try #require(left.channels?.movingAverage)
    let sequential = try #require(whole.channels?.movingAverage)
    for channel in 0..<4 {
      #expect(abs(merged.minima[channel] - sequential.minima[channel]) < 1e-4)
      #expect(abs(merged.maxima[channel] - sequential.maxima[channel]) < 1e-4)
    }
  }

  @Test func mergingNothingChangesNothing() {
    let seen = TensorStatistics.over([[1, -2, 3]])
    var left = seen
    left.merge(TensorStatistics())
    #expect(left == seen)
    var right = TensorStatistics()
    right.merge(seen)
    #expect(right == seen)
  }

  @Test func aCopyIsNotTouchedByWhatComesLater() {
    var running = TensorStatistics.over([[1, 2, 3]])
    let copy = running
    running.observe([100])
    #expect(copy.maximum == 3)
    #expect(running.maximum == 100)
  }

  @Test func readsBackWhatItWrote() throws {
    var statistics = TensorStatistics(channelAxis: 1)
    var source = Stream(seed: 9)
    for _ in 0..<5 { statistics.observe(source.normals(60), outer: 3, channels: 4, inner: 5) }
    statistics.observe([.nan, .infinity, 1e30, -1e-30], outer: 1, channels: 4, inner: 1)
    let data = try JSONEncoder().encode(statistics)
    #expect(try JSONDecoder().decode(TensorStatistics.self, from: data) == statistics)
    let empty = TensorStatistics(channelAxis: 0)
    let emptyData = try JSONEncoder().encode(empty)
    #expect(try JSONDecoder().decode(TensorStatistics.self, from: emptyData) == empty)
    #expect(emptyData.count < 1000)
  }

  @Test(arguments: [
    ("\"elementCount\":3", "\"elementCount\":-3"), ("\"zeroCount\":0", "\"zeroCount\":4"),
    ("0*1536", "0*1535"), ("\"exponent\":1", "\"exponent\":900"), ("0*1536", "0*99999999999"),
    ("\"batchCount\":1", "\"batchCount\":77"), ("0*1536", "zero*1536"), ("0*1024", "-1*1024"),
  ])
  func refusesNumbersThatContradictEachOther(good: String, bad: String) throws {
    let statistics = TensorStatistics.over([[1.5, 1.5, 1.5]])
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(statistics), as: UTF8.self)
    try #require(text.contains(good))
    let broken = text.replacingOccurrences(of: good, with: bad)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(TensorStatistics.self, from: Data(broken.utf8))
    }
  }
}
