package import Tensors

/// ONNX Runtime's PercentileCalibrater.
///
/// Symmetric: a histogram of magnitudes, cut at the first edge whose bins reach the percentile.
/// Asymmetric: half of the rest is cut on each side of a centred histogram. Both name a bin by its
/// left edge, so the top bin is always lost; the result never leaves what was observed.
package struct ONNXRuntimePercentileObserver: ONNXRuntimeObserver, Hashable {
  package let percentile: Double
  package let bins: Int
  package let isSymmetric: Bool
  private var centered: CenteredHistogram?
  private var magnitudes: MagnitudeHistogram?

  package init(percentile: Double = 99.999, bins: Int = 2048, isSymmetric: Bool = true) {
    self.percentile = percentile
    self.bins = bins
    self.isSymmetric = isSymmetric
  }

  package mutating func collect(_ batches: [Tensor]) throws(ObserverError) {
    let values = try flattened(batches)
    if isSymmetric {
      if magnitudes == nil {
        magnitudes = try MagnitudeHistogram(values, bins: bins)
      } else {
        try magnitudes?.add(values)
      }
    } else if centered == nil {
      centered = try CenteredHistogram(values, bins: bins)
    } else {
      try centered?.add(values)
    }
  }

  package func range() throws(ObserverError) -> CalibratedRange {
    guard (0...100).contains(percentile) else { throw .badPercentile(percentile) }
    let (low, high) = try cut()
    let (minimum, maximum) =
      isSymmetric
      ? (magnitudes?.minimum, magnitudes?.maximum) : (centered?.minimum, centered?.maximum)
    guard let minimum, let maximum else { throw .noBatches }
    return CalibratedRange(
      lowest: [low < minimum ? minimum : low], highest: [high > maximum ? maximum : high])
  }

  /// The bins that the range is cut from.
  package var histogram: (counts: [Int], edges: [Float])? {
    (centered?.bins ?? magnitudes?.bins).map { ($0.counts, $0.edges) }
  }

  /// The least and greatest value seen.
  package var observed: (minimum: Float, maximum: Float)? {
    centered.map { ($0.minimum, $0.maximum) } ?? magnitudes.map { ($0.minimum, $0.maximum) }
  }

  private func cut() throws(ObserverError) -> (Float, Float) {
    guard let bins = centered?.bins ?? magnitudes?.bins else { throw .noBatches }
    if isSymmetric {
      let edge = bins.edges[bins.firstBin(reaching: percentile / 100)]
      return (-edge, edge)
    }
    let side = (100 - percentile) / 200
    return (
      bins.edges[bins.firstBin(reaching: side)], bins.edges[bins.firstBin(reaching: 1 - side)]
    )
  }
}

extension EdgedHistogram {
  /// The first bin up to which a share of all values lies; one past the last when rounding leaves
  /// the sum short.
  func firstBin(reaching share: Double) -> Int {
    let total = Double(self.total)
    var sum = 0.0
    for (bin, count) in counts.enumerated() {
      sum += Double(count) / total
      if sum >= share { return bin }
    }
    return counts.count
  }
}

/// Counts of magnitudes, from the least of the first call on; later calls add bins at the end.
private struct MagnitudeHistogram: Hashable, Sendable {
  private(set) var bins: EdgedHistogram
  private(set) var minimum: Float
  private(set) var maximum: Float

  init(_ values: [Float], bins: Int) throws(ObserverError) {
    (minimum, maximum) = numberExtent(of: values)
    let magnitudes = values.map(abs)
    let low = magnitudes.isEmpty ? 0 : magnitudes.reduce(.infinity, propagatingMinimum)
    let high = magnitudes.isEmpty ? 1 : magnitudes.reduce(-.infinity, propagatingMaximum)
    self.bins = try EdgedHistogram(magnitudes, bins: bins, over: (low, high))
  }

  mutating func add(_ values: [Float]) throws(ObserverError) {
    let (low, high) = numberExtent(of: values)
    let magnitudes = values.map(abs)
    let greatest = numberExtent(of: magnitudes).high
    var edges = bins.edges.map { Double($0) }
    if let last = bins.edges.last, greatest > last {
      edges += try edgesBehind(last, upTo: greatest)
    }
    var update = EdgedHistogram(magnitudes, edges: edges)
    for (index, old) in bins.counts.enumerated() { update.counts[index] += old }
    bins = update
    minimum = min(minimum, low)
    maximum = max(maximum, high)
  }

  /// `numpy.arange(last + width, greatest + width, width)`: the ends are float32, the elements double,
  /// every one computed from the first two.
  private func edgesBehind(
    _ last: Float, upTo greatest: Float
  ) throws(ObserverError) -> [Double] {
    let width = bins.edges[1] - bins.edges[0]
    let start = last + width
    let count = Double((greatest + width - start) / width).rounded(.up)
    guard greatest.isFinite else { throw .notFinite }
    guard count < Double(EdgedHistogram.mostBins) else {
      throw .badBins(EdgedHistogram.mostBins)
    }
    let step = Double(start + width) - Double(start)
    return (0..<max(Int(count), 0)).map { Double(start) + Double($0) * step }
  }
}
