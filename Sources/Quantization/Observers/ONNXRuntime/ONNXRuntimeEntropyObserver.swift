package import Tensors

/// ONNX Runtime's EntropyCalibrater: the centred window of the histogram whose quantized form
/// diverges least from it.
///
/// With as many bins as quantized bins, the default, one collect call leaves a single window: the
/// whole range.
package struct ONNXRuntimeEntropyObserver: ONNXRuntimeObserver, Hashable {
  package let bins: Int
  package let quantizedBins: Int
  private var state: CenteredHistogram?

  package init(bins: Int = 128, quantizedBins: Int = 128) {
    self.bins = bins
    self.quantizedBins = quantizedBins
  }

  package mutating func collect(_ batches: [Tensor]) throws(ObserverError) {
    try state.collect(batches, bins: bins)
  }

  package var histogram: (counts: [Int], edges: [Float])? {
    state.histogram
  }

  package var observed: (minimum: Float, maximum: Float)? {
    state.observed
  }

  package func range() throws(ObserverError) -> CalibratedRange {
    guard let state else { throw .noBatches }
    let histogram = state.bins
    let center = histogram.counts.count / 2
    let least = quantizedBins / 2
    guard quantizedBins > 0, center >= least else { throw .badBins(histogram.counts.count) }
    var best = (least: Float.infinity, window: window(least, of: histogram))
    for half in least...center {
      let window = window(half, of: histogram)
      let divergence = divergence(of: window, in: histogram.counts)
      if divergence < best.least { best = (divergence, window) }
    }
    let low = histogram.edges[best.window.lowerBound]
    let high = histogram.edges[best.window.upperBound]
    return CalibratedRange(
      lowest: [low < state.minimum ? state.minimum : low],
      highest: [high > state.maximum ? state.maximum : high])
  }

  private func window(_ half: Int, of histogram: EdgedHistogram) -> Range<Int> {
    let count = histogram.counts.count
    return count / 2 - half..<min(count / 2 + half + 1, count)
  }

  /// Between the window with all outliers at its ends, and the window merged into quantized bins and
  /// spread out again: evenly over the bins that were occupied, in whole numbers.
  private func divergence(of window: Range<Int>, in counts: [Int]) -> Float {
    let slice = Array(counts[window])
    var reference = slice
    reference[0] += counts[..<window.lowerBound].reduce(0, +)
    reference[slice.count - 1] += counts[window.upperBound...].reduce(0, +)
    let merged = slice.count / quantizedBins
    // What the last quantized bin does not cover counts in it; its own places stay empty.
    var spread = [Int](repeating: 0, count: slice.count)
    for bin in 0..<quantizedBins {
      let own = bin * merged..<(bin + 1) * merged
      let rest = bin == quantizedBins - 1 ? own.upperBound..<slice.count : 0..<0
      let occupied = reference[own].count { $0 != 0 }
      guard occupied > 0 else { continue }
      let sum = slice[own].reduce(0, +) + slice[rest].reduce(0, +)
      for index in own { spread[index] = sum / occupied }
    }
    return KullbackLeibler.divergence(reference, from: spread)
  }
}
