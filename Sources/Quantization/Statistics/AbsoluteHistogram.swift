/// Counts of |x| over `0 ..< 2^exponent`, in equal bins.
///
/// The limit is a power of two that doubles when a greater value comes, folding pairs of bins. A
/// value's bin therefore depends on the value alone, so counts are exact, need no data twice, do
/// not depend on the order of batches, and add up across shards.
package struct AbsoluteHistogram: Hashable, Sendable, Codable {
  /// Magnitudes below `2^leastExponent / bins` all fall into the first bin.
  private static let leastExponent = -100

  package private(set) var exponent: Int
  @NumberRun package private(set) var counts: [UInt64]

  /// - Precondition: `bins` is a power of two.
  package init(bins: Int = 2048) {
    precondition(bins > 1 && bins & (bins - 1) == 0, "\(bins) bins")
    exponent = Self.leastExponent
    counts = Array(repeating: 0, count: bins)
  }

  package var bins: Int { counts.count }
  package var total: UInt64 { counts.reduce(0, +) }
  /// Where the last bin ends; 2^128 does not fit a float.
  package var limit: Double { Double(sign: .plus, exponent: exponent, significand: 1) }
  package var binWidth: Double { limit / Double(bins) }
  /// `bins / limit`, a power of two: `trunc(|x| * inverseWidth)` is the bin of x.
  package var inverseWidth: Float {
    Float(sign: .plus, exponent: bins.trailingZeroBitCount - exponent, significand: 1)
  }

  /// Makes room for magnitudes up to `largest`.
  package mutating func grow(toHold largest: Float) {
    precondition(largest.isFinite && largest >= 0, "cannot hold \(largest)")
    guard largest > 0 else { return }
    fold(to: max(Int(largest.exponent) + 1, Self.leastExponent))
  }

  /// Adds a batch's counts, made with the current ``inverseWidth``.
  package mutating func add(_ update: UnsafeBufferPointer<UInt32>) {
    precondition(update.count == bins, "\(update.count) counts for \(bins) bins")
    counts.withUnsafeMutableBufferPointer { counts in
      for bin in counts.indices { counts[bin] += UInt64(update[bin]) }
    }
  }

  /// Adds `count` values of one magnitude.
  package mutating func add(_ magnitude: Float, count: Int) {
    grow(toHold: magnitude)
    counts[min(Int(magnitude * inverseWidth), bins - 1)] += UInt64(count)
  }

  package mutating func merge(_ other: AbsoluteHistogram) {
    precondition(other.bins == bins, "\(other.bins) bins into \(bins)")
    var other = other
    other.fold(to: exponent)
    fold(to: other.exponent)
    for bin in 0..<bins { counts[bin] += other.counts[bin] }
  }

  /// Whether a decoded value can be worked with.
  var isConsistent: Bool {
    bins > 1 && bins & (bins - 1) == 0 && (Self.leastExponent...128).contains(exponent)
      && counts.allSatisfy { $0 < 1 << 56 }
  }

  /// Raises the limit to `2^newExponent`; never lowers it.
  private mutating func fold(to newExponent: Int) {
    guard newExponent > exponent else { return }
    let shift = min(newExponent - exponent, Int.bitWidth - 1)
    exponent = newExponent
    for bin in 1..<bins {
      let count = counts[bin]
      counts[bin] = 0
      counts[bin >> shift] += count
    }
  }
}
