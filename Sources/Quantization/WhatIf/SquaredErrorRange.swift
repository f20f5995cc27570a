/// The range whose map has the least predicted squared error, rounding and clipping together.
///
/// A sweep: clipping ranges from the whole down to a hundredth of it, in steps of 5 %, then around
/// the best in steps of half a percent. Two-sided affine ranges sweep the two ends in turn, twice.
struct SquaredErrorRange {
  private let model: NoiseModel
  private let scheme: TensorScheme
  private let minimum: Float
  private let maximum: Float

  init(_ statistics: TensorStatistics, scheme: TensorScheme, model: NoiseModel) {
    self.model = model
    self.scheme = scheme
    minimum = statistics.signed.minimum
    maximum = statistics.signed.maximum
  }

  func range() -> ClosedRange<Float> {
    switch scheme.symmetry {
    case .symmetric:
      let bound = max(abs(minimum), abs(maximum))
      let factor = bestFactor { -bound * $0...bound * $0 }
      return -bound * factor...bound * factor
    case .affine:
      // An end on the wrong side of zero does not matter: zero is always covered.
      guard minimum < 0 else {
        let factor = bestFactor { min(minimum, maximum * $0)...maximum * $0 }
        return min(minimum, maximum * factor)...maximum * factor
      }
      guard maximum > 0 else {
        let factor = bestFactor { minimum * $0...max(maximum, minimum * $0) }
        return minimum * factor...max(maximum, minimum * factor)
      }
      var low: Float = 1
      var high: Float = 1
      for _ in 0..<2 {
        high = bestFactor { minimum * low...maximum * $0 }
        low = bestFactor { minimum * $0...maximum * high }
      }
      return minimum * low...maximum * high
    }
  }

  /// The factor whose range has the least error; the widest of equals.
  private func bestFactor(_ range: (Float) -> ClosedRange<Float>) -> Float {
    func error(_ factor: Float) -> Double {
      let noise = model.noise(of: QuantizationParameters(covering: range(factor), scheme: scheme))
      return noise.rounding + noise.clipping
    }
    var best: Float = 1
    var least = error(1)
    func consider(_ factor: Float) {
      let found = error(factor)
      if found < least {
        least = found
        best = factor
      }
    }
    var factor: Float = 1
    while factor > 0.01 {
      factor *= 0.95
      consider(factor)
    }
    let coarse = best
    for step in -8...8 where step != 0 {
      let fine = coarse * (1 + 0.006 * Float(step))
      if fine <= 1 { consider(fine) }
    }
    return best
  }
}
