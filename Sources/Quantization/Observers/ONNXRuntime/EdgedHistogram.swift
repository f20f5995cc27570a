/// Counts between edges, as `numpy.histogram` makes them from float32 values.
struct EdgedHistogram: Hashable, Sendable {
  var counts: [Int]
  /// One more than counts, rising.
  var edges: [Float]

  /// No histogram has more bins than this: a tensor whose range grows a millionfold between two
  /// calls would otherwise ask for all memory.
  static let mostBins = 1 << 24

  var total: Int { counts.reduce(0, +) }

  /// Equal bins over `range`, or over half a unit to each side when it is a point; values outside
  /// and not-a-number are left out.
  ///
  /// - Throws: ``ObserverError/badBins(_:)`` for a range that has no such bins.
  init(_ values: [Float], bins: Int, over range: (low: Float, high: Float)) throws(ObserverError) {
    let isPoint = range.low == range.high
    let low = isPoint ? range.low - 0.5 : range.low
    let high = isPoint ? range.high + 0.5 : range.high
    guard low.isFinite, high.isFinite else { throw .notFinite }
    guard bins > 0, bins <= Self.mostBins else { throw .badBins(bins) }
    edges = Self.edges(from: low, through: high, bins: bins)
    counts = Array(repeating: 0, count: bins)
    guard zip(edges, edges.dropFirst()).allSatisfy(<) else { throw .badBins(bins) }
    let width = high - low
    for value in values where value >= low && value <= high {
      var index = min(Int((value - low) / width * Float(bins)), bins - 1)
      // The product is off by one bin next to an edge now and then.
      if value < edges[index] { index -= 1 }
      if index < bins - 1, value >= edges[index + 1] { index += 1 }
      counts[index] += 1
    }
  }

  /// Bins of any width; a value belongs to the last bin that begins at or below it, and the last edge
  /// to the last bin. Counting uses the exact edges; they are kept in float32.
  init(_ values: [Float], edges: [Double]) {
    self.edges = edges.map { Float($0) }
    counts = Array(repeating: 0, count: edges.count - 1)
    guard let first = edges.first, let last = edges.last else { return }
    for value in values.lazy.map({ Double($0) }) where value >= first && value <= last {
      var low = 0
      var high = edges.count
      while high - low > 1 {
        let middle = (low + high) / 2
        if edges[middle] <= value { low = middle } else { high = middle }
      }
      counts[min(low, counts.count - 1)] += 1
    }
  }

  /// `numpy.linspace`: the step times the index, then the start; the last edge is exact.
  private static func edges(from low: Float, through high: Float, bins: Int) -> [Float] {
    let range = high - low
    let step = range / Float(bins)
    var edges = (0...bins).map { index in
      (step == 0 ? Float(index) / Float(bins) * range : Float(index) * step) + low
    }
    edges[bins] = high
    return edges
  }
}
