/// The ranges of every channel of one tensor.
package struct ChannelRanges: Hashable, Sendable, Codable {
  /// The axis that per-channel parameters will name.
  package let axis: Int
  /// One element per channel; `+inf` where a channel had no finite value.
  @NumberRun package private(set) var minima: [Float]
  /// One element per channel; `-inf` where a channel had no finite value.
  @NumberRun package private(set) var maxima: [Float]
  package private(set) var movingAverage: MovingRange

  package init(axis: Int, count: Int) {
    self.axis = axis
    minima = Array(repeating: .infinity, count: count)
    maxima = Array(repeating: -.infinity, count: count)
    movingAverage = MovingRange(channels: count)
  }

  package var count: Int { minima.count }

  package mutating func add(
    minima low: UnsafeBufferPointer<Float>, maxima high: UnsafeBufferPointer<Float>
  ) {
    precondition(low.count == count && high.count == count, "\(low.count) ranges for \(count)")
    minima.withUnsafeMutableBufferPointer { minima in
      for channel in minima.indices { minima[channel] = min(minima[channel], low[channel]) }
    }
    maxima.withUnsafeMutableBufferPointer { maxima in
      for channel in maxima.indices { maxima[channel] = max(maxima[channel], high[channel]) }
    }
    movingAverage.add(minima: low, maxima: high)
  }

  package mutating func merge(_ other: ChannelRanges) {
    precondition(other.count == count, "\(other.count) channels into \(count)")
    for channel in 0..<count {
      minima[channel] = min(minima[channel], other.minima[channel])
      maxima[channel] = max(maxima[channel], other.maxima[channel])
    }
    movingAverage.merge(other.movingAverage)
  }
}
