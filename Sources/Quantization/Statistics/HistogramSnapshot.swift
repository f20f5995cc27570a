/// A histogram resampled for drawing: equal bins over `lower...upper`.
package struct HistogramSnapshot: Hashable, Sendable {
  package var lower: Float
  package var upper: Float
  /// How many values each bin holds; fractions where a source bin is cut.
  package var counts: [Double]

  package init(lower: Float, upper: Float, counts: [Double]) {
    self.lower = lower
    self.upper = upper
    self.counts = counts
  }

  /// Where bin `index` begins; `counts.count` gives `upper`.
  package func edge(_ index: Int) -> Float {
    let share = Double(index) / Double(max(counts.count, 1))
    return Float(Double(lower) + (Double(upper) - Double(lower)) * share)
  }

  package var largestCount: Double { counts.max() ?? 0 }
}

extension TorchHistogram {
  /// This histogram in `bins` bins over its own range; `nil` before the first value.
  ///
  /// A range that is a point is drawn half a unit to each side.
  /// - Precondition: `bins` is positive.
  package func snapshot(bins: Int) -> HistogramSnapshot? {
    isEmpty ? nil : snapshot(bins: bins, over: minimum...maximum)
  }

  /// The same over any range; what lies outside is left out.
  package func snapshot(bins: Int, over extent: ClosedRange<Float>) -> HistogramSnapshot? {
    precondition(bins > 0, "\(bins) bins")
    guard !isEmpty else { return nil }
    let isPoint = extent.lowerBound == extent.upperBound
    let lower = isPoint ? extent.lowerBound - 0.5 : extent.lowerBound
    let upper = isPoint ? extent.upperBound + 0.5 : extent.upperBound
    var result = HistogramSnapshot(
      lower: lower, upper: upper, counts: Array(repeating: 0, count: bins))
    let width = (Double(upper) - Double(lower)) / Double(bins)
    let sourceWidth = (Double(maximum) - Double(minimum)) / Double(self.bins)
    for (bin, count) in counts.enumerated() where count > 0 {
      let begin = minimum == maximum ? Double(minimum) : Double(minimum) + Double(bin) * sourceWidth
      let first = (begin - Double(lower)) / width
      let last = first + sourceWidth / width
      result.add(Double(count), from: first, to: last)
    }
    return result
  }
}

extension HistogramSnapshot {
  /// Spreads `count` evenly over positions counted in bins.
  fileprivate mutating func add(_ count: Double, from first: Double, to last: Double) {
    let end = Double(counts.count)
    guard last > first else {
      if first >= 0 && first <= end { counts[min(Int(first), counts.count - 1)] += count }
      return
    }
    let inside = max(first, 0)..<max(min(last, end), max(first, 0))
    guard !inside.isEmpty else { return }
    let density = count / (last - first)
    for bin in Int(inside.lowerBound)...min(Int(inside.upperBound), counts.count - 1) {
      let low = max(inside.lowerBound, Double(bin))
      let high = min(inside.upperBound, Double(bin + 1))
      if high > low { counts[bin] += density * (high - low) }
    }
  }
}

extension TensorStatistics {
  /// The distribution for drawing; `nil` before the first finite value.
  package func snapshot(bins: Int) -> HistogramSnapshot? { signed.snapshot(bins: bins) }
}
