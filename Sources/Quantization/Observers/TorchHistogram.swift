/// The state of PyTorch's HistogramObserver: float32 counts over a range that grows.
///
/// Bit exact with PyTorch 2.13 on x86-64: the order of every float32 operation, and the fused
/// multiply-add of `linspace`, are part of the format.
package struct TorchHistogram: Hashable, Sendable {
  /// How finely an old bin is cut when it moves into a wider range.
  package static let upsampleRate = 16

  /// `+inf` before the first value.
  package private(set) var minimum: Float = .infinity
  /// `-inf` before the first value.
  package private(set) var maximum: Float = -.infinity
  @NumberRun package private(set) var counts: [Float]

  /// - Precondition: `bins` is positive.
  package init(bins: Int = 2048) {
    precondition(bins > 0, "\(bins) bins")
    counts = Array(repeating: 0, count: bins)
  }

  package var bins: Int { counts.count }
  package var isEmpty: Bool { minimum > maximum }
  /// What was seen so far.
  /// - Precondition: something was.
  var range: ClosedRange<Float> { minimum...maximum }
  /// The float32 width of a bin; 0 while all values are equal, infinite for absurd ranges.
  package var binWidth: Float { (maximum - minimum) / Float(bins) }
  package var total: Double { counts.reduce(0) { $0 + Double($1) } }

  /// The range after a batch that spans `extent`: the union. Count the batch over it, then call
  /// ``add(_:over:)``.
  package func union(_ extent: ClosedRange<Float>) -> ClosedRange<Float> {
    isEmpty
      ? extent : min(minimum, extent.lowerBound)...max(maximum, extent.upperBound)
  }

  /// Adds a batch's counts, made over `extent`, which contains the range so far.
  package mutating func add(_ update: UnsafeBufferPointer<UInt32>, over extent: ClosedRange<Float>)
  {
    precondition(update.count == bins, "\(update.count) counts for \(bins) bins")
    if !isEmpty && (minimum != extent.lowerBound || maximum != extent.upperBound) {
      counts = resampled(over: extent)
    }
    minimum = extent.lowerBound
    maximum = extent.upperBound
    counts.withUnsafeMutableBufferPointer { counts in
      // Processors convert signed numbers; a batch has less than 2^31 values in one bin.
      for bin in counts.indices { counts[bin] += Float(Int32(bitPattern: update[bin])) }
    }
  }

  /// Adds another shard's histogram; counts move as they do when a range grows.
  package mutating func merge(_ other: TorchHistogram) {
    precondition(other.bins == bins, "\(other.bins) bins into \(bins)")
    guard !other.isEmpty else { return }
    let extent = union(other.minimum...other.maximum)
    let mine = isEmpty ? counts : resampled(over: extent)
    let theirs = other.resampled(over: extent)
    minimum = extent.lowerBound
    maximum = extent.upperBound
    counts = zip(mine, theirs).map { $0 + $1 }
  }

  /// These counts in the bins of a range that contains this one.
  private func resampled(over extent: ClosedRange<Float>) -> [Float] {
    if extent.lowerBound == minimum && extent.upperBound == maximum { return counts }
    var result = [Float](repeating: 0, count: bins)
    if minimum == maximum {
      let bin = HistogramBins(extent, count: bins).index(of: minimum) ?? 0
      result[bin] = counts.reduce(0, +)
      return result
    }
    let pieces = bins * Self.upsampleRate
    let range = maximum - minimum
    guard range.isFinite, (extent.upperBound - extent.lowerBound).isFinite else {
      return resampledInDouble(over: extent)
    }
    let halfPiece = 0.5 * (range / Float(pieces))
    let points = LinearSpace(from: minimum, through: maximum, count: pieces + 1)
    let edges = LinearSpace(from: extent.lowerBound, through: extent.upperBound, count: bins + 1)
    var edgesPassed = 0
    var nextEdge = edges[0]
    // Middles rise, so the search for the last edge at or below one goes on where it stopped.
    func bin(of middle: Float) -> Int {
      while nextEdge <= middle {
        edgesPassed += 1
        nextEdge = edgesPassed <= bins ? edges[edgesPassed] : .infinity
      }
      return min(max(edgesPassed - 1, 0), bins - 1)
    }
    for (old, count) in counts.enumerated() where count != 0 {
      let share = count / Float(Self.upsampleRate)
      let first = old * Self.upsampleRate
      let last = first + Self.upsampleRate - 1
      let target = bin(of: points[first] + halfPiece)
      guard points[last] + halfPiece < nextEdge else {
        result[target] += share
        for piece in first + 1...last { result[bin(of: points[piece] + halfPiece)] += share }
        continue
      }
      // Most old bins lie inside one new bin.
      result[target] = result[target].adding(share, times: Self.upsampleRate)
    }
    return result
  }

  /// The same for ranges that overflow float32, where PyTorch has no answer.
  private func resampledInDouble(over extent: ClosedRange<Float>) -> [Float] {
    var result = [Float](repeating: 0, count: bins)
    let oldStep = (Double(maximum) - Double(minimum)) / Double(bins * Self.upsampleRate)
    let newStep = (Double(extent.upperBound) - Double(extent.lowerBound)) / Double(bins)
    for piece in 0..<(bins * Self.upsampleRate) {
      let middle = Double(minimum) + (Double(piece) + 0.5) * oldStep
      let bin = Int((middle - Double(extent.lowerBound)) / newStep)
      result[min(max(bin, 0), bins - 1)] +=
        counts[piece / Self.upsampleRate] / Float(Self.upsampleRate)
    }
    return result
  }
}

extension TorchHistogram: Codable {
  private enum CodingKeys: String, CodingKey { case minimum, maximum, counts }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    // JSON has no infinity, so an empty histogram leaves its range out.
    minimum = try container.decodeIfPresent(Float.self, forKey: .minimum) ?? .infinity
    maximum = try container.decodeIfPresent(Float.self, forKey: .maximum) ?? -.infinity
    _counts = try container.decode(NumberRun<Float>.self, forKey: .counts)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    if !isEmpty {
      try container.encode(minimum, forKey: .minimum)
      try container.encode(maximum, forKey: .maximum)
    }
    try container.encode(_counts, forKey: .counts)
  }
}

extension Float {
  /// `share` added `times` times, each sum rounded; a power of two and at least 2.
  ///
  /// One addition does where none of them would round: the whole sum is exact, and still as fine as
  /// one share.
  fileprivate func adding(_ share: Float, times: Int) -> Float {
    let whole = share * Float(times)
    let sum = self + whole
    let added = sum - self
    let error = (self - (sum - added)) + (whole - added)
    if error == 0, (sum + share) - sum == share { return sum }
    var rounded = self
    for _ in 0..<times { rounded += share }
    return rounded
  }
}

/// `torch.linspace`: evenly spaced points, from both ends towards the middle, each in one fused
/// multiply-add.
struct LinearSpace {
  let start: Float
  let end: Float
  let count: Int
  let step: Float

  init(from start: Float, through end: Float, count: Int) {
    self.start = start
    self.end = end
    self.count = count
    step = (end - start) / Float(count - 1)
  }

  subscript(index: Int) -> Float {
    index < count / 2
      ? start.addingProduct(step, Float(index))
      : end.addingProduct(-step, Float(count - 1 - index))
  }
}
