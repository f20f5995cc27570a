import Foundation
import Quantization
import Tensors
import Testing

@Suite struct TensorStatisticsTests {
  /// The scale of every batch and what is added to it; batches differ in shape.
  static let streams: [(name: String, scales: [Float], offset: Float)] = [
    ("normal", [1, 1, 1, 1], 0), ("growing", [0.1, 1, 10], 0), ("shrinking", [10, 1, 0.1], 0),
    ("positive", [1, 2], 20), ("negative", [2, 1], -20), ("constant", [0, 0], 1.5),
    ("zeros", [0, 0, 0], 0), ("single", [1], 0),
  ]

  /// One pass keeps what each of PyTorch's observers would have kept, whatever the shapes.
  @Test(arguments: streams) func keepsWhatEveryObserverKeeps(
    stream: (name: String, scales: [Float], offset: Float)
  ) throws {
    var source = Stream(seed: 9)
    let shapes: [Shape] = [[8, 3], [2, 3, 4, 5], [1, 3, 7], [4, 3]]
    let batches = zip(shapes, stream.scales).map { shape, scale in
      Tensor(
        source.normals(shape.elementCount, scale: scale).map { $0 + stream.offset }, shape: shape)
    }
    var statistics = TensorStatistics(channelAxis: 1)
    var minMax = MinMaxObserver()
    var average = MovingAverageMinMaxObserver()
    var histogram = HistogramObserver()
    var perChannel = PerChannelMinMaxObserver(axis: 1)
    var averagePerChannel = MovingAveragePerChannelMinMaxObserver(axis: 1)
    for batch in batches {
      let shape = batch.shape
      statistics.observe(
        batch.floats, outer: shape[0], channels: shape[1],
        inner: shape.dimensions[2...].reduce(1, *))
      minMax.observe(batch.floats)
      average.observe(batch.floats)
      try histogram.observe(batch.floats)
      try perChannel.observe(batch.floats, shape: shape)
      try averagePerChannel.observe(batch.floats, shape: shape)
    }
    #expect(statistics.minimum == minMax.minimum)
    #expect(statistics.maximum == minMax.maximum)
    #expect(statistics.movingAverage.minima == [average.minimum])
    #expect(statistics.movingAverage.maxima == [average.maximum])
    #expect(statistics.signed == histogram.histogram)
    #expect(statistics.channels?.minima == perChannel.minima)
    #expect(statistics.channels?.maxima == perChannel.maxima)
    #expect(statistics.channels?.movingAverage.minima == averagePerChannel.minima)
    #expect(statistics.channels?.movingAverage.maxima == averagePerChannel.maxima)
  }

  @Test func memoryOrderDoesNotMatter() {
    var source = Stream(seed: 1)
    let channelsFirst = source.normals(2 * 3 * 5)
    var channelsLast = channelsFirst
    for n in 0..<2 {
      for c in 0..<3 {
        for i in 0..<5 { channelsLast[(n * 5 + i) * 3 + c] = channelsFirst[(n * 3 + c) * 5 + i] }
      }
    }
    var first = TensorStatistics(channelAxis: 1)
    first.observe(channelsFirst, outer: 2, channels: 3, inner: 5)
    var last = TensorStatistics(channelAxis: 1)
    last.observe(channelsLast, outer: 10, channels: 3, inner: 1)
    #expect(first.channels == last.channels)
    #expect(first.signed == last.signed)
    #expect(first.absolute == last.absolute)
  }

  @Test func countsNotANumberAndInfinitiesAndLeavesThemOut() {
    let clean: [Float] = [-1, 0, 2, 3]
    let dirty: [Float] = [.nan, -1, .infinity, 0, 2, -.infinity, 3, .infinity]
    let left = TensorStatistics.over([clean])
    let right = TensorStatistics.over([dirty])
    #expect(right.nanCount == 1)
    #expect(right.positiveInfinityCount == 2)
    #expect(right.negativeInfinityCount == 1)
    #expect(right.elementCount == 4)
    #expect(right.signed == left.signed)
    #expect(right.absolute == left.absolute)
    #expect(right.mean == 1)
    #expect(right.meanSquare == 3.5)
  }

  @Test func aBatchOfNothingFiniteChangesNoRange() {
    var statistics = TensorStatistics.over([[1, 2]])
    let before = statistics
    statistics.observe([.nan, .infinity])
    #expect(statistics.signed == before.signed)
    #expect(statistics.movingAverage == before.movingAverage)
    #expect(statistics.batchCount == 2)
    #expect(statistics.nanCount == 1)
  }

  @Test func anEmptyBatchIsNoBatch() {
    var statistics = TensorStatistics(channelAxis: 1)
    statistics.observe([], outer: 0, channels: 3, inner: 4)
    #expect(statistics == TensorStatistics(channelAxis: 1))
    #expect(!statistics.isObserved)
  }

  @Test func oneElementIsARange() throws {
    let statistics = TensorStatistics.over([[2.5]])
    #expect(statistics.minimum == 2.5)
    #expect(statistics.signed.counts[1024] == 1)
    let map = try statistics.parameters(for: .activation()).channels[0]
    #expect(map.scale == 2.5 / 255)
    #expect(map.zeroPoint == 0)
  }

  @Test func theGreatestFloatsAreCounted() throws {
    let greatest = Float.greatestFiniteMagnitude
    let statistics = TensorStatistics.over([[-1, 1], [-greatest, 0, 1, greatest], [5, -5]])
    #expect(statistics.signed.total == 8)
    #expect(statistics.absolute.total == 8)
    for row in try statistics.comparison(.activation()) {
      #expect(row.parameters.scale.isFinite && row.parameters.scale > 0, "\(row.observer)")
    }
    #expect(throws: ParameterError.self) {
      try statistics.parameters(for: .activation(.histogram))
    }
  }

  @Test func aVeryNarrowFirstRangeSurvivesAWideOne() throws {
    let statistics = TensorStatistics.over([[1, 1 + .ulpOfOne], [-1e30, 1e30], [1e-38, 1]])
    #expect(abs(statistics.signed.total - 6) < 1e-3)
    #expect(statistics.absolute.total == 6)
    #expect(try !statistics.comparison(.activation()).isEmpty)
  }

  @Test func batchesOfOtherShapesAreFine() {
    var source = Stream(seed: 2)
    let batches = [1, 7, 1000, 33].map { source.normals($0) }
    let statistics = TensorStatistics.over(batches)
    #expect(statistics.elementCount == 1041)
    #expect(statistics.absolute.total == 1041)
    #expect(statistics.batchRanges.points.count == 4)
  }

  @Test func differentChannelsEndPerChannelRangesOnly() {
    var statistics = TensorStatistics(channelAxis: 1)
    statistics.observe([1, 2, 3, 4], outer: 1, channels: 2, inner: 2)
    statistics.observe([1, 2, 3, 9], outer: 1, channels: 4, inner: 1)
    #expect(statistics.channels == nil)
    #expect(statistics.maximum == 9)
    #expect(throws: ParameterError.channelsDiffer) {
      try statistics.parameters(for: .weight(.perChannel))
    }
  }

  @Test func sizeDoesNotGrowWithBatches() throws {
    var source = Stream(seed: 3)
    var statistics = TensorStatistics(channelAxis: 1)
    var sizes: [Int] = []
    for batch in 1...3000 {
      statistics.observe(source.normals(12), outer: 2, channels: 3, inner: 2)
      if batch == 300 || batch == 3000 {
        sizes.append(try JSONEncoder().encode(statistics).count)
        #expect(statistics.batchRanges.points.count <= RangeCurve.capacity)
      }
    }
    #expect(statistics.batchRanges.points.map(\.batchCount).reduce(0, +) == 3000)
    // Counts get more digits, nothing gets more elements.
    #expect(sizes[1] < sizes[0] * 2)
  }
}
