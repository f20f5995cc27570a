package import Kernels
package import Quantization

/// Observes with vector kernels on several threads.
///
/// Calls of one instance
/// must not overlap, as its pool takes one job at a time.
package struct FastObservationKernels: ObservationKernels {
  private let kernels: ObserveKernels
  private let pool: ThreadPool

  package init(instructionSet: InstructionSet = .best, threads: Int = 1) {
    kernels = ObserveKernels(isa: instructionSet)
    pool = ThreadPool(threads: max(threads, 1))
  }

  package func summarize(
    _ values: UnsafeBufferPointer<Float>, outer: Int, channels: Int, inner: Int,
    minima: UnsafeMutableBufferPointer<Float>, maxima: UnsafeMutableBufferPointer<Float>
  ) -> BatchSummary {
    minima.update(repeating: .infinity)
    maxima.update(repeating: -.infinity)
    var summary = BatchSummary()
    guard let base = values.baseAddress, let low = minima.baseAddress, let high = maxima.baseAddress
    else { return summary }
    let extent =
      channels == 1
      ? kernels.extent(base, count: values.count, pool: pool)
      : kernels.channelExtents(
        base, outer: outer, channels: channels, inner: inner, minima: low, maxima: high, pool: pool)
    if channels == 1 {
      minima[0] = extent.min
      maxima[0] = extent.max
    }
    let moments = kernels.moments(base, count: values.count, pool: pool)
    summary.sum = moments.sum
    summary.sumOfSquares = moments.sumOfSquares
    summary.zeroCount = moments.zeroCount
    summary.nanCount = extent.nanCount
    summary.positiveInfinityCount = extent.positiveInfinityCount
    summary.negativeInfinityCount = extent.negativeInfinityCount
    return summary
  }

  package func histograms(
    _ values: UnsafeBufferPointer<Float>,
    lower: Float, upper: Float, signed: UnsafeMutableBufferPointer<UInt32>,
    inverseWidth: Float, absolute: UnsafeMutableBufferPointer<UInt32>
  ) {
    guard let base = values.baseAddress else { return }
    let limit = Float(absolute.count) / inverseWidth
    guard limit.isFinite else {
      // 2^128 does not fit the kernel's limit.
      ScalarObservationKernels().histograms(
        values, lower: lower, upper: upper, signed: signed, inverseWidth: inverseWidth,
        absolute: absolute)
      return
    }
    var signedCounts = [UInt64](repeating: 0, count: signed.count)
    var absoluteCounts = [UInt64](repeating: 0, count: absolute.count)
    kernels.countHistograms(
      base, count: values.count, range: RangeHistogramKernel(min: lower, max: upper),
      rangeCounts: &signedCounts,
      magnitude: MagnitudeHistogramKernel(limit: limit),
      magnitudeCounts: &absoluteCounts, pool: pool)
    for bin in signed.indices { signed[bin] += UInt32(truncatingIfNeeded: signedCounts[bin]) }
    for bin in absolute.indices { absolute[bin] += UInt32(truncatingIfNeeded: absoluteCounts[bin]) }
  }
}
