/// Which bin of `torch.histc` a value falls into; float32 in PyTorch's order of operations.
struct HistogramBins {
  let lower: Float
  let upper: Float
  let count: Int
  /// Whether float32 carries the arithmetic; beyond that PyTorch's own index overflows.
  let isExact: Bool

  /// Bins over `extent`, or over one unit to each side when it is a point.
  init(_ extent: ClosedRange<Float>, count: Int) {
    let isPoint = extent.lowerBound == extent.upperBound
    lower = isPoint ? extent.lowerBound - 1 : extent.lowerBound
    upper = isPoint ? extent.upperBound + 1 : extent.upperBound
    self.count = count
    isExact = upper > lower && ((upper - lower) * Float(count)).isFinite
  }

  /// `nil` for values outside and for not-a-number.
  @inline(__always)
  func index(of value: Float) -> Int? {
    guard value >= lower && value <= upper else { return nil }
    guard isExact else { return wideIndex(of: value) }
    return min(Int((value - lower) * Float(count) / (upper - lower)), count - 1)
  }

  /// The same in double precision, for ranges that float32 cannot carry.
  private func wideIndex(of value: Float) -> Int {
    guard upper > lower else { return count / 2 }
    let share = (Double(value) - Double(lower)) / (Double(upper) - Double(lower))
    return min(Int(share * Double(count)), count - 1)
  }
}
