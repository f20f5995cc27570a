/// The two reads of a batch that observing takes.
///
/// ``ScalarObservationKernels`` is the reference; others must give the same ranges and counts bit
/// for bit, and sums up to the order of additions.
package protocol ObservationKernels: Sendable {
  /// First read: ranges of channels, sums, and counts of what is special.
  ///
  /// `minima` and `maxima` hold one element per channel and are overwritten with the ranges of
  /// finite values, `+inf` and `-inf` for a channel without any. Sums are taken in double precision
  /// over finite values.
  func summarize(
    _ values: UnsafeBufferPointer<Float>, outer: Int, channels: Int, inner: Int,
    minima: UnsafeMutableBufferPointer<Float>, maxima: UnsafeMutableBufferPointer<Float>
  ) -> BatchSummary

  /// Second read: adds to both histograms.
  ///
  /// - `signed`: bin `trunc(((x - lower) * bins) / (upper - lower))` with every operation rounded to
  ///   float32 and nothing fused; `bins` itself counts as `bins - 1`; values outside are ignored.
  /// - `absolute`: bin `trunc(|x| * inverseWidth)`, at most the last.
  ///
  /// Not-a-number and infinities are ignored. The caller guarantees `lower < upper`, that
  /// `(upper - lower) * bins` is finite, and that `inverseWidth` is a normal power of two.
  func histograms(
    _ values: UnsafeBufferPointer<Float>,
    lower: Float, upper: Float, signed: UnsafeMutableBufferPointer<UInt32>,
    inverseWidth: Float, absolute: UnsafeMutableBufferPointer<UInt32>)
}

/// What the first read of a batch finds beside the ranges.
package struct BatchSummary: Hashable, Sendable {
  /// Over finite values.
  package var sum = 0.0
  package var sumOfSquares = 0.0
  /// Of either sign.
  package var zeroCount = 0
  package var nanCount = 0
  package var positiveInfinityCount = 0
  package var negativeInfinityCount = 0

  package init() {}
}
