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

  /// Second read: adds to both histograms. Not-a-number and infinities are ignored.
  func histograms(_ values: UnsafeBufferPointer<Float>, into counts: HistogramCounts)

  /// Both reads in one, for a batch that is expected to stay inside the range of `counts`.
  ///
  /// Returns whether it did; otherwise `counts` is untouched, and ``histograms(_:into:)`` has to
  /// follow with wider bins.
  func summarize(
    _ values: UnsafeBufferPointer<Float>, outer: Int, channels: Int, inner: Int,
    minima: UnsafeMutableBufferPointer<Float>, maxima: UnsafeMutableBufferPointer<Float>,
    expecting counts: HistogramCounts
  ) -> (summary: BatchSummary, isCounted: Bool)
}

extension ObservationKernels {
  /// Never counts ahead.
  package func summarize(
    _ values: UnsafeBufferPointer<Float>, outer: Int, channels: Int, inner: Int,
    minima: UnsafeMutableBufferPointer<Float>, maxima: UnsafeMutableBufferPointer<Float>,
    expecting counts: HistogramCounts
  ) -> (summary: BatchSummary, isCounted: Bool) {
    let summary = summarize(
      values, outer: outer, channels: channels, inner: inner, minima: minima, maxima: maxima)
    return (summary, false)
  }
}

/// The bins of both histograms, with the counts of one batch, borrowed for the length of a call.
///
/// `lower < upper`, `(upper - lower) * bins` is finite, and `inverseWidth` is a normal power of two.
package struct HistogramCounts {
  package let lower: Float
  package let upper: Float
  /// Bin `trunc(((x - lower) * bins) / (upper - lower))` with every operation rounded to float32 and
  /// nothing fused; `bins` itself counts as `bins - 1`; values outside are ignored.
  package let signed: UnsafeMutableBufferPointer<UInt32>
  package let inverseWidth: Float
  /// Bin `trunc(|x| * inverseWidth)`, at most the last.
  package let absolute: UnsafeMutableBufferPointer<UInt32>

  package init(
    lower: Float, upper: Float, signed: UnsafeMutableBufferPointer<UInt32>, inverseWidth: Float,
    absolute: UnsafeMutableBufferPointer<UInt32>
  ) {
    self.lower = lower
    self.upper = upper
    self.signed = signed
    self.inverseWidth = inverseWidth
    self.absolute = absolute
  }
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
