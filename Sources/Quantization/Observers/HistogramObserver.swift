/// PyTorch's HistogramObserver: a histogram of everything seen, and the range within it whose
/// squared quantization error is least.
package struct HistogramObserver: Hashable, Sendable {
  package private(set) var histogram: TorchHistogram
  private let destinationBins: Int

  /// The search counts with `destinationBins` steps; PyTorch uses 256 whatever the codes in use.
  package init(bins: Int = 2048, destinationBins: Int = 256) {
    histogram = TorchHistogram(bins: bins)
    self.destinationBins = destinationBins
  }

  /// Adds one batch. Infinities are dropped, an empty batch is ignored, not-a-number is refused.
  package mutating func observe(_ values: [Float]) throws(ObserverError) {
    let finite = values.filter { !$0.isInfinite }
    guard let (low, high) = observedExtent(of: finite) else {
      return
    }
    guard !low.isNaN, !high.isNaN else { throw .notANumber }
    let extent = histogram.union(low...high)
    let bins = HistogramBins(extent, count: histogram.bins)
    var counts = [UInt32](repeating: 0, count: histogram.bins)
    for value in finite {
      if let index = bins.index(of: value) { counts[index] += 1 }
    }
    counts.withUnsafeBufferPointer { histogram.add($0, over: extent) }
  }

  /// The range that the search chooses.
  package func search() throws(ObserverError) -> HistogramSearch.Result {
    try HistogramSearch(histogram, destinationBins: destinationBins).run()
  }

  package func parameters(
    for configuration: ObserverConfiguration
  ) throws(ObserverError) -> ObservedParameters {
    guard configuration.scheme.isPerTensor else { throw .schemeMismatch(configuration.scheme) }
    guard !histogram.isEmpty else {
      return try configuration.parameters(minima: [], maxima: [])
    }
    let result = try search()
    return try configuration.parameters(minima: [result.lower], maxima: [result.upper])
  }
}
