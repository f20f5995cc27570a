import Foundation

/// A moving average of batch ranges: the first batch's, then `m += c * (batch - m)` in float32.
package struct MovingRange: Hashable, Sendable, Codable {
  package static let defaultConstant: Float = 0.01

  package let constant: Float
  package private(set) var batchCount = 0
  @NumberRun package private(set) var minima: [Float]
  @NumberRun package private(set) var maxima: [Float]
  // The first batch's range has another weight than the rest, so joining shards needs it.
  @NumberRun private var firstMinima: [Float]
  @NumberRun private var firstMaxima: [Float]

  /// Averages as many ranges side by side as there are `channels`.
  package init(channels: Int = 1, constant: Float = MovingRange.defaultConstant) {
    self.constant = constant
    let low = [Float](repeating: .infinity, count: channels)
    let high = [Float](repeating: -.infinity, count: channels)
    minima = low
    maxima = high
    firstMinima = low
    firstMaxima = high
  }

  /// Adds one batch. A channel without finite values (minimum above maximum) keeps what it had.
  package mutating func add(
    minima low: UnsafeBufferPointer<Float>, maxima high: UnsafeBufferPointer<Float>
  ) {
    precondition(low.count == minima.count, "\(low.count) ranges for \(minima.count)")
    // Taken out for the loop, which then writes memory that it knows to be its own.
    var (lowest, highest) = ([Float](), [Float]())
    swap(&minima, &lowest)
    swap(&maxima, &highest)
    lowest.withUnsafeMutableBufferPointer { lowest in
      highest.withUnsafeMutableBufferPointer { highest in
        for channel in lowest.indices where low[channel] <= high[channel] {
          if lowest[channel] > highest[channel] {
            lowest[channel] = low[channel]
            highest[channel] = high[channel]
            firstMinima[channel] = low[channel]
            firstMaxima[channel] = high[channel]
          } else {
            lowest[channel] = averaged(lowest[channel], low[channel])
            highest[channel] = averaged(highest[channel], high[channel])
          }
        }
      }
    }
    swap(&minima, &lowest)
    swap(&maxima, &highest)
    batchCount += 1
  }

  /// Adds one batch of a single range.
  package mutating func add(_ minimum: Float, _ maximum: Float) {
    withUnsafePointer(to: minimum) { low in
      withUnsafePointer(to: maximum) { high in
        add(
          minima: UnsafeBufferPointer(start: low, count: 1),
          maxima: UnsafeBufferPointer(start: high, count: 1))
      }
    }
  }

  /// The average as it would be had the other's batches come after these, up to rounding.
  package mutating func merge(_ other: MovingRange) {
    precondition(other.minima.count == minima.count, "shards differ in channels")
    let weight = Float(pow(1 - Double(constant), Double(other.batchCount)))
    for channel in minima.indices where other.minima[channel] <= other.maxima[channel] {
      if minima[channel] > maxima[channel] {
        minima[channel] = other.minima[channel]
        maxima[channel] = other.maxima[channel]
        firstMinima[channel] = other.firstMinima[channel]
        firstMaxima[channel] = other.firstMaxima[channel]
      } else {
        minima[channel] =
          other.minima[channel] + weight * (minima[channel] - other.firstMinima[channel])
        maxima[channel] =
          other.maxima[channel] + weight * (maxima[channel] - other.firstMaxima[channel])
      }
    }
    batchCount += other.batchCount
  }

  /// Whether a decoded value can be worked with.
  var isConsistent: Bool {
    batchCount >= 0 && maxima.count == minima.count && firstMinima.count == minima.count
      && firstMaxima.count == minima.count && constant > 0 && constant <= 1
  }

  /// PyTorch's step; in double where the difference overflows float32.
  private func averaged(_ mean: Float, _ value: Float) -> Float {
    let next = mean + constant * (value - mean)
    guard next.isFinite else {
      return Float(Double(mean) + Double(constant) * (Double(value) - Double(mean)))
    }
    return next
  }
}
