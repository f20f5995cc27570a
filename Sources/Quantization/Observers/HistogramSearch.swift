/// PyTorch's search for the range with the least squared error.
///
/// It starts with the whole histogram and takes away 1e-5 of the values at a time, on the side
/// where that frees more bins, until the error rises. The first step is always taken.
package struct HistogramSearch {
  package struct Result: Hashable, Sendable {
    package var lower: Float
    package var upper: Float
    /// The bins kept, both ends included.
    package var bins: ClosedRange<Int>
    /// The squared error of the range chosen, summed over all values; infinite when nothing moved.
    package var error: Double
  }

  private static let step = 1e-5

  private let minimum: Float
  private let binWidth: Float
  private let cumulative: [Float]
  private let total: Double
  private let lastBin: Int
  private let error: HistogramQuantizationError

  /// - Throws: `ObserverError.rangeOverflows` where the range exceeds float32.
  package init(_ histogram: TorchHistogram, destinationBins: Int = 256) throws(ObserverError) {
    guard histogram.binWidth.isFinite else {
      throw .rangeOverflows(minimum: histogram.minimum, maximum: histogram.maximum)
    }
    minimum = histogram.minimum
    binWidth = histogram.binWidth
    lastBin = histogram.bins - 1
    var sum = 0.0
    cumulative = histogram.counts.map {
      sum += Double($0)
      return Float(sum)
    }
    total = Double(Float(sum))
    error = HistogramQuantizationError(histogram, destinationBins: destinationBins)
  }

  /// The error of quantizing the whole histogram.
  package var fullRangeError: Double { error.sum(over: 0...lastBin) }

  package func run() -> Result {
    var alpha = 0.0
    var beta = 1.0
    var start = 0
    var end = lastBin
    var best = Double.infinity
    while alpha < beta {
      let nextAlpha = alpha + Self.step
      let nextBeta = beta - Self.step
      var left = start
      var right = end
      while left < end && isBelow(left, nextAlpha) { left += 1 }
      while right > start && isAbove(right, nextBeta) { right -= 1 }
      var nextStart = start
      var nextEnd = end
      if left - start > end - right {
        nextStart = left
        alpha = nextAlpha
      } else {
        nextEnd = right
        beta = nextBeta
      }
      if nextStart == start && nextEnd == end { continue }
      let candidate = error.sum(over: nextStart...nextEnd)
      if candidate > best { break }
      best = candidate
      start = nextStart
      end = nextEnd
    }
    return Result(
      lower: minimum + binWidth * Float(start), upper: minimum + binWidth * Float(end + 1),
      bins: start...end, error: best)
  }

  // PyTorch compares a float32 element with a Python number, which it rounds to float32 first.
  @inline(__always)
  private func isBelow(_ bin: Int, _ share: Double) -> Bool {
    cumulative[bin] < Float(share * total)
  }

  @inline(__always)
  private func isAbove(_ bin: Int, _ share: Double) -> Bool {
    cumulative[bin] > Float(share * total)
  }
}
