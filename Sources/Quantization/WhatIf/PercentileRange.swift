/// The range that covers a percentage of the values.
///
/// Symmetric: the magnitude below which `percent` of all values lie, zeros included. Affine: half
/// of the rest is cut on each side. The cut is interpolated inside its bin.
struct PercentileRange {
  let statistics: TensorStatistics
  let percent: Double

  func range(_ symmetry: Symmetry) -> ClosedRange<Float> {
    switch symmetry {
    case .symmetric:
      let counts = statistics.absolute.counts
      let target = Double(statistics.absolute.total) * percent / 100
      let position = Self.position(of: target, in: counts.lazy.map { Double($0) })
      return ThresholdChoice(statistics, symmetry: symmetry)
        .range(threshold: position * statistics.absolute.binWidth)
    case .affine:
      let histogram = statistics.signed
      let lower = Double(histogram.minimum)
      let width = (Double(histogram.maximum) - lower) / Double(histogram.bins)
      let total = histogram.total
      let cut = (100 - percent) / 200
      let counts = histogram.counts.lazy.map { Double($0) }
      let first = Self.position(of: total * cut, in: counts)
      let last = Self.position(of: total * (1 - cut), in: counts)
      let low = cut == 0 ? histogram.minimum : Float(lower + first * width)
      let high = cut == 0 ? histogram.maximum : Float(lower + last * width)
      let upper = min(max(high, histogram.minimum), histogram.maximum)
      return min(max(low, histogram.minimum), upper)...upper
    }
  }

  /// Where the running sum reaches `target`, counted in bins.
  private static func position(of target: Double, in counts: some Collection<Double>) -> Double {
    var sum = 0.0
    for (bin, count) in counts.enumerated() where count > 0 {
      if sum + count >= target { return Double(bin) + max(target - sum, 0) / count }
      sum += count
    }
    return Double(counts.count)
  }
}
