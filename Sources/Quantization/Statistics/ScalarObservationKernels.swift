/// The reference for every faster set of observation kernels, and what runs on unknown machines.
package struct ScalarObservationKernels: ObservationKernels {
  package init() {}

  package func summarize(
    _ values: UnsafeBufferPointer<Float>, outer: Int, channels: Int, inner: Int,
    minima: UnsafeMutableBufferPointer<Float>, maxima: UnsafeMutableBufferPointer<Float>
  ) -> BatchSummary {
    var summary = BatchSummary()
    for channel in 0..<channels {
      minima[channel] = .infinity
      maxima[channel] = -.infinity
    }
    var index = 0
    for _ in 0..<outer {
      for channel in 0..<channels {
        var low = minima[channel]
        var high = maxima[channel]
        for _ in 0..<inner {
          let value = values[index]
          index += 1
          guard value.isFinite else {
            summary.countNonFinite(value)
            continue
          }
          low = min(low, value)
          high = max(high, value)
          if value == 0 { summary.zeroCount += 1 }
          summary.sum += Double(value)
          summary.sumOfSquares += Double(value) * Double(value)
        }
        minima[channel] = low
        maxima[channel] = high
      }
    }
    return summary
  }

  package func histograms(_ values: UnsafeBufferPointer<Float>, into counts: HistogramCounts) {
    let (lower, upper) = (counts.lower, counts.upper)
    let (signed, absolute) = (counts.signed, counts.absolute)
    let bins = Float(signed.count)
    let range = upper - lower
    for value in values where value.isFinite {
      if value >= lower && value <= upper {
        signed[min(Int((value - lower) * bins / range), signed.count - 1)] += 1
      }
      absolute[min(Int(abs(value) * counts.inverseWidth), absolute.count - 1)] += 1
    }
  }
}

extension BatchSummary {
  fileprivate mutating func countNonFinite(_ value: Float) {
    if value.isNaN {
      nanCount += 1
    } else if value > 0 {
      positiveInfinityCount += 1
    } else {
      negativeInfinityCount += 1
    }
  }
}
