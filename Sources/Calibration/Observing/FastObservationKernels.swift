package import Kernels
package import Quantization

/// Observes with vector kernels on several threads.
///
/// Calls of one instance must not overlap: its pool takes one job at a time.
package struct FastObservationKernels: ObservationKernels {
  private let kernels: ObserveKernels
  private let histogram: JointHistogramKernel
  private let pool: ThreadPool

  package init(instructionSet: InstructionSet = .best, pool: ThreadPool) {
    kernels = ObserveKernels(isa: instructionSet)
    self.pool = pool
    histogram = JointHistogramKernel(isa: instructionSet, pool: pool)
  }

  package func summarize(
    _ values: UnsafeBufferPointer<Float>, outer: Int, channels: Int, inner: Int,
    minima: UnsafeMutableBufferPointer<Float>, maxima: UnsafeMutableBufferPointer<Float>
  ) -> BatchSummary {
    minima.update(repeating: .infinity)
    maxima.update(repeating: -.infinity)
    guard let base = values.baseAddress, let low = minima.baseAddress, let high = maxima.baseAddress
    else { return BatchSummary() }
    if inner == 1, channels % 8 == 0 {
      let (moments, nonFiniteCount) = kernels.channelSummary(
        base, rows: outer, channels: channels, minima: low, maxima: high, pool: pool)
      return summary(of: values, moments, nonFiniteCount: nonFiniteCount)
    }
    let extent: ValueExtent
    if channels == 1 {
      extent = kernels.extent(base, count: values.count, pool: pool)
      minima[0] = extent.min
      maxima[0] = extent.max
    } else {
      extent = kernels.channelExtents(
        base, outer: outer, channels: channels, inner: inner, minima: low, maxima: high, pool: pool)
    }
    return BatchSummary(kernels.moments(base, count: values.count, pool: pool), extent)
  }

  package func summarize(
    _ values: UnsafeBufferPointer<Float>, outer: Int, channels: Int, inner: Int,
    minima: UnsafeMutableBufferPointer<Float>, maxima: UnsafeMutableBufferPointer<Float>,
    expecting counts: HistogramCounts
  ) -> (summary: BatchSummary, isCounted: Bool) {
    guard inner == 1, channels % 8 == 0, let bins = tableBins(for: values.count, counts),
      let base = values.baseAddress, let low = minima.baseAddress, let high = maxima.baseAddress
    else {
      let summary = summarize(
        values, outer: outer, channels: channels, inner: inner, minima: minima, maxima: maxima)
      return (summary, false)
    }
    minima.update(repeating: .infinity)
    maxima.update(repeating: -.infinity)
    let (moments, nonFiniteCount, isCounted) = histogram.count(
      base, rows: outer, channels: channels, minima: low, maxima: high, bins: bins, using: kernels)
    return (summary(of: values, moments, nonFiniteCount: nonFiniteCount), isCounted)
  }

  package func histograms(_ values: UnsafeBufferPointer<Float>, into counts: HistogramCounts) {
    guard let base = values.baseAddress, let bins = tableBins(for: values.count, counts) else {
      ScalarObservationKernels().histograms(values, into: counts)
      return
    }
    histogram.count(base, count: values.count, bins: bins)
  }

  /// `nil` for small batches, which are not worth a table, and where the kernel's limit would have
  /// to be 2^128.
  private func tableBins(
    for valueCount: Int, _ counts: HistogramCounts
  ) -> JointHistogramKernel.Bins? {
    let bins = JointHistogramKernel.bins
    guard valueCount >= 4 * bins, counts.signed.count == bins, counts.absolute.count == bins,
      (Float(bins) / counts.inverseWidth).isFinite,
      let range = counts.signed.baseAddress, let magnitude = counts.absolute.baseAddress
    else { return nil }
    return JointHistogramKernel.Bins(
      lower: counts.lower, upper: counts.upper, range: range, inverseWidth: counts.inverseWidth,
      magnitude: magnitude)
  }

  /// Which kind values that are not finite are is a question for the rare batch that has any.
  private func summary(
    of values: UnsafeBufferPointer<Float>, _ moments: ValueMoments, nonFiniteCount: Int
  ) -> BatchSummary {
    guard nonFiniteCount > 0, let base = values.baseAddress else {
      return BatchSummary(moments, ValueExtent())
    }
    return BatchSummary(moments, kernels.extent(base, count: values.count, pool: pool))
  }
}

extension BatchSummary {
  fileprivate init(_ moments: ValueMoments, _ extent: ValueExtent) {
    self.init()
    sum = moments.sum
    sumOfSquares = moments.sumOfSquares
    zeroCount = moments.zeroCount
    nanCount = extent.nanCount
    positiveInfinityCount = extent.positiveInfinityCount
    negativeInfinityCount = extent.negativeInfinityCount
  }
}
