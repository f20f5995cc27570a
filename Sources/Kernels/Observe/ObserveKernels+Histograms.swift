internal import CKernels

/// A histogram between two values, binned as PyTorch does.
///
/// The bin of x is `trunc(f32(f32(f32(x - min) * bins) / f32(max - min)))`; `max` itself belongs to
/// the last bin. Values outside, and NaN, are not counted.
package struct RangeHistogramKernel: Hashable, Sendable {
  package var min: Float
  package var max: Float

  /// With equal limits one is taken off and added, as PyTorch does.
  package init(min: Float, max: Float) {
    self.min = min == max ? min - 1 : min
    self.max = min == max ? max + 1 : max
  }
}

/// A histogram of absolute values up to `limit`.
///
/// The bin of x is `trunc(f32(|x| * f32(bins / limit)))`, at most the last. NaN and infinities are
/// not counted. A limit of zero puts everything into the first bin.
package struct MagnitudeHistogramKernel: Hashable, Sendable {
  package var limit: Float

  package init(limit: Float) { self.limit = limit }

  fileprivate func scale(bins: Int) -> Float {
    let scale = Float(bins) / limit
    return scale.isFinite && scale > 0 ? scale : 0
  }
}

extension ObserveKernels {
  /// Counts `values` into a histogram of each kind, or one of them, in a single pass.
  ///
  /// Counts are added to what the arrays hold; their sizes are the numbers of bins.
  package func countHistograms(
    _ values: UnsafePointer<Float>, count: Int,
    range: RangeHistogramKernel?, rangeCounts: inout [UInt64],
    magnitude: MagnitudeHistogramKernel?, magnitudeCounts: inout [UInt64], pool: ThreadPool
  ) {
    let rangeBins = range == nil ? 0 : rangeCounts.count
    let magnitudeBins = magnitude == nil ? 0 : magnitudeCounts.count
    precondition(range == nil || rangeBins > 0, "a range histogram without bins")
    precondition(magnitude == nil || magnitudeBins > 0, "a magnitude histogram without bins")
    precondition(count < 1 << 32, "\(count) values overflow the counters")
    let bins = rangeBins + magnitudeBins
    let parts = max(1, min(pool.threadCount, count / Self.grain))
    var counts = [UInt64](repeating: 0, count: parts * bins)
    counts.withUnsafeMutableBufferPointer { counts in
      guard let start = counts.baseAddress else { return }
      pool.parallel(parts) { partRange in
        for part in partRange {
          let first = count * part / parts
          countPart(
            values + first, count: count * (part + 1) / parts - first,
            range.map { ($0, rangeBins) }, magnitude.map { ($0, magnitudeBins) },
            counts: start + part * bins)
        }
      }
    }
    for part in 0..<parts {
      for bin in 0..<rangeBins { rangeCounts[bin] += counts[part * bins + bin] }
      for bin in 0..<magnitudeBins {
        magnitudeCounts[bin] += counts[part * bins + rangeBins + bin]
      }
    }
  }

  /// Counts `values` into a range histogram.
  package func countHistogram(
    _ values: UnsafePointer<Float>, count: Int, _ range: RangeHistogramKernel,
    counts: inout [UInt64], pool: ThreadPool
  ) {
    var none: [UInt64] = []
    countHistograms(
      values, count: count, range: range, rangeCounts: &counts, magnitude: nil,
      magnitudeCounts: &none, pool: pool)
  }

  /// Counts `values` into a histogram of magnitudes.
  package func countHistogram(
    _ values: UnsafePointer<Float>, count: Int, _ magnitude: MagnitudeHistogramKernel,
    counts: inout [UInt64], pool: ThreadPool
  ) {
    var none: [UInt64] = []
    countHistograms(
      values, count: count, range: nil, rangeCounts: &none, magnitude: magnitude,
      magnitudeCounts: &counts, pool: pool)
  }

  /// One thread's part: range bins, then magnitude bins.
  private func countPart(
    _ values: UnsafePointer<Float>, count: Int, _ range: (kernel: RangeHistogramKernel, bins: Int)?,
    _ magnitude: (kernel: MagnitudeHistogramKernel, bins: Int)?,
    counts: UnsafeMutablePointer<UInt64>
  ) {
    let kernel = table.histograms_f32
    let size = 4 * ((range?.bins ?? 0) + (magnitude?.bins ?? 0) + 16)
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: size) { scratch in
      guard let base = scratch.baseAddress else { return }
      scratch.initialize(repeating: 0)
      var rangeValue = kern_range_histogram(
        bins: range?.bins ?? 0, min: range?.kernel.min ?? 0, max: range?.kernel.max ?? 0,
        counts: counts)
      var magnitudeValue = kern_magnitude_histogram(
        bins: magnitude?.bins ?? 0,
        scale: magnitude.map { $0.kernel.scale(bins: $0.bins) } ?? 0,
        counts: counts + (range?.bins ?? 0))
      withUnsafePointer(to: &rangeValue) { rangePointer in
        withUnsafePointer(to: &magnitudeValue) { magnitudePointer in
          kernel(
            values, count, range == nil ? nil : rangePointer,
            magnitude == nil ? nil : magnitudePointer, base)
        }
      }
    }
  }
}
