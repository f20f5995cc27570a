import Tensors

/// The histogram of ONNX Runtime's entropy, distribution and asymmetric percentile calibrators: equal
/// bins over `-threshold...threshold`.
///
/// When a later call brings a greater magnitude, bins of the same width are added on both sides.
struct CenteredHistogram: Hashable, Sendable {
  private(set) var bins: EdgedHistogram
  private(set) var minimum: Float
  private(set) var maximum: Float
  private var threshold: Float

  /// The first call's values.
  init(_ values: [Float], bins: Int) throws(ObserverError) {
    (minimum, maximum) = numberExtent(of: values)
    threshold = max(abs(minimum), abs(maximum))
    self.bins = try EdgedHistogram(values, bins: bins, over: (-threshold, threshold))
  }

  /// A later call's values.
  mutating func add(_ values: [Float]) throws(ObserverError) {
    let (low, high) = numberExtent(of: values)
    let magnitude = max(abs(low), abs(high))
    if magnitude <= threshold {
      let update = try EdgedHistogram(
        values, bins: bins.counts.count, over: (-threshold, threshold))
      bins.counts = zip(bins.counts, update.counts).map(+)
    } else if threshold == 0 {
      // All zeros so far: their counts stay in the bins they have, whose width changes.
      var update = try EdgedHistogram(
        values, bins: bins.counts.count, over: (-magnitude, magnitude))
      update.counts = zip(bins.counts, update.counts).map(+)
      bins = update
      threshold = magnitude
    } else {
      try grow(toHold: magnitude, counting: values)
    }
    minimum = min(minimum, low)
    maximum = max(maximum, high)
  }

  private mutating func grow(
    toHold magnitude: Float, counting values: [Float]
  ) throws(ObserverError) {
    let count = bins.counts.count
    let stride = 2 * threshold / Float(count)
    let added = flooredQuotient(magnitude - threshold, stride) + 1
    guard added < Float(EdgedHistogram.mostBins) else { throw .badBins(EdgedHistogram.mostBins) }
    let side = Int(added)
    let wider = Float(side) * stride + threshold
    var update = try EdgedHistogram(values, bins: count + 2 * side, over: (-wider, wider))
    for (index, old) in bins.counts.enumerated() { update.counts[side + index] += old }
    bins = update
    threshold = wider
  }

  /// NumPy's `//`, which takes the remainder away first.
  private func flooredQuotient(_ dividend: Float, _ divisor: Float) -> Float {
    let remainder = dividend.truncatingRemainder(dividingBy: divisor)
    let quotient = (dividend - remainder) / divisor
    let floor = quotient.rounded(.down)
    return quotient - floor > 0.5 ? floor + 1 : floor
  }
}

/// What an observer keeps of this kind: nothing before its first call.
extension CenteredHistogram? {
  mutating func collect(_ batches: [Tensor], bins: Int) throws(ObserverError) {
    let values = try flattened(batches)
    if self == nil {
      self = try CenteredHistogram(values, bins: bins)
    } else {
      try self?.add(values)
    }
  }

  var histogram: (counts: [Int], edges: [Float])? { (self?.bins).map { ($0.counts, $0.edges) } }
  var observed: (minimum: Float, maximum: Float)? { map { ($0.minimum, $0.maximum) } }
}
