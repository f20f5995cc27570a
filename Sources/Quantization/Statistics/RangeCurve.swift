/// The range of some batches in a row.
package struct RangePoint: Hashable, Sendable, Codable {
  /// Counted from 0.
  package var firstBatch: Int
  package var batchCount: Int
  package var minimum: Float
  package var maximum: Float

  package init(firstBatch: Int, batchCount: Int, minimum: Float, maximum: Float) {
    self.firstBatch = firstBatch
    self.batchCount = batchCount
    self.minimum = minimum
    self.maximum = maximum
  }
}

/// The ranges of all batches, in at most 256 points.
///
/// When it is full, neighbours are joined, and from then on a point spans twice as many batches.
package struct RangeCurve: Hashable, Sendable, Codable {
  package static let capacity = 256

  package private(set) var batchesPerPoint = 1
  package private(set) var batchCount = 0
  @NumberRun private var minima: [Float] = []
  @NumberRun private var maxima: [Float] = []

  package init() {}

  package var points: [RangePoint] {
    minima.indices.map { index in
      let first = index * batchesPerPoint
      return RangePoint(
        firstBatch: first, batchCount: min(batchesPerPoint, batchCount - first),
        minimum: minima[index], maximum: maxima[index])
    }
  }

  /// The range of everything up to and including each point.
  package var running: [RangePoint] {
    var low = Float.infinity
    var high = -Float.infinity
    return points.map { point in
      low = min(low, point.minimum)
      high = max(high, point.maximum)
      return RangePoint(
        firstBatch: point.firstBatch, batchCount: point.batchCount, minimum: low, maximum: high)
    }
  }

  /// The batch after which the running range grew by no more than `tolerance` of its final width;
  /// `nil` when nothing was seen.
  package func stableSince(tolerance: Float = 0.01) -> Int? {
    let running = running
    guard let last = running.last else { return nil }
    let slack = tolerance * (last.maximum - last.minimum)
    let point = running.first {
      $0.minimum <= last.minimum + slack && $0.maximum >= last.maximum - slack
    }
    return point?.firstBatch
  }

  package mutating func append(minimum: Float, maximum: Float) {
    if batchCount == batchesPerPoint * minima.count {
      if minima.count == Self.capacity { joinNeighbours() }
      minima.append(minimum)
      maxima.append(maximum)
    } else {
      let last = minima.count - 1
      minima[last] = min(minima[last], minimum)
      maxima[last] = max(maxima[last], maximum)
    }
    batchCount += 1
  }

  /// Puts another shard's batches behind these.
  package mutating func append(_ other: RangeCurve) {
    for point in other.points {
      for _ in 0..<point.batchCount { append(minimum: point.minimum, maximum: point.maximum) }
    }
  }

  /// Whether a decoded value can be worked with.
  var isConsistent: Bool {
    let count = minima.count
    return maxima.count == count && count <= Self.capacity
      && (1...(1 << 40)).contains(batchesPerPoint)
      && batchCount <= count * batchesPerPoint
      && batchCount > (count - 1) * batchesPerPoint - (count == 0 ? 1 : 0)
      && batchCount >= 0 && zip(minima, maxima).allSatisfy { $0 <= $1 }
  }

  private mutating func joinNeighbours() {
    let pairs = stride(from: 0, to: minima.count, by: 2)
    minima = pairs.map { min(minima[$0], minima[$0 + 1]) }
    maxima = pairs.map { max(maxima[$0], maxima[$0 + 1]) }
    batchesPerPoint *= 2
  }
}
