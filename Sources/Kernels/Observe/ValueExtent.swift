internal import CKernels

/// The smallest and largest finite values of some data, and how much of it is not finite.
package struct ValueExtent: Hashable, Sendable {
  /// Infinity when no finite value was seen.
  package var min: Float
  /// Minus infinity when no finite value was seen.
  package var max: Float
  /// Values seen, finite or not.
  package var count: Int
  package var nanCount: Int
  package var positiveInfinityCount: Int
  package var negativeInfinityCount: Int

  package init(
    min: Float = .infinity, max: Float = -.infinity, count: Int = 0, nanCount: Int = 0,
    positiveInfinityCount: Int = 0, negativeInfinityCount: Int = 0
  ) {
    self.min = min
    self.max = max
    self.count = count
    self.nanCount = nanCount
    self.positiveInfinityCount = positiveInfinityCount
    self.negativeInfinityCount = negativeInfinityCount
  }

  package var finiteCount: Int {
    count - nanCount - positiveInfinityCount - negativeInfinityCount
  }

  /// Adds what another part of the data held.
  package mutating func merge(_ other: ValueExtent) {
    min = Swift.min(min, other.min)
    max = Swift.max(max, other.max)
    count += other.count
    nanCount += other.nanCount
    positiveInfinityCount += other.positiveInfinityCount
    negativeInfinityCount += other.negativeInfinityCount
  }

  init(_ extent: kern_extent, count: Int) {
    self.init(
      min: extent.min, max: extent.max, count: count, nanCount: Int(extent.nan_count),
      positiveInfinityCount: Int(extent.positive_infinity_count),
      negativeInfinityCount: Int(extent.negative_infinity_count))
  }

  static var nothing: kern_extent {
    kern_extent(
      min: .infinity, max: -.infinity, nan_count: 0, positive_infinity_count: 0,
      negative_infinity_count: 0)
  }
}
