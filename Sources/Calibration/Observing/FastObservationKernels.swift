package import Kernels
package import Quantization

/// Observes with vector kernels on several threads.
///
/// Calls of one instance must not overlap: its pool takes one job at a time.
package struct FastObservationKernels: ObservationKernels {
  private let kernels: ObserveKernels
  private let histogram: JointHistogramKernel
  private let pool: ThreadPool

  package init(instructionSet: InstructionSet = .best, threads: Int = 1) {
    kernels = ObserveKernels(isa: instructionSet)
    pool = ThreadPool(threads: max(threads, 1))
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
      // Which kind they are is a question for the rare batch that has any.
      let extent =
        nonFiniteCount > 0
        ? kernels.extent(base, count: values.count, pool: pool) : ValueExtent()
      return BatchSummary(moments, extent)
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

  package func histograms(
    _ values: UnsafeBufferPointer<Float>,
    lower: Float, upper: Float, signed: UnsafeMutableBufferPointer<UInt32>,
    inverseWidth: Float, absolute: UnsafeMutableBufferPointer<UInt32>
  ) {
    guard let base = values.baseAddress, let range = signed.baseAddress,
      let magnitude = absolute.baseAddress
    else { return }
    let bins = JointHistogramKernel.bins
    // Small batches are not worth a table, and the kernel's limit cannot be 2^128.
    let isFast =
      values.count >= 4 * bins && signed.count == bins && absolute.count == bins
      && (Float(bins) / inverseWidth).isFinite
    guard isFast else {
      ScalarObservationKernels().histograms(
        values, lower: lower, upper: upper, signed: signed, inverseWidth: inverseWidth,
        absolute: absolute)
      return
    }
    histogram.count(
      base, count: values.count, lower: lower, upper: upper, inverseWidth: inverseWidth,
      range: range, magnitude: magnitude)
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
