/// The range whose map has the least predicted squared error, rounding and clipping together.
///
/// A sweep: clipping ranges from the whole down to a hundredth of it in steps of a quarter, then
/// around the best in steps of 7 %, around the best of those in steps of 2 %, and so on to 0.5 %.
/// Two-sided affine ranges sweep each end, then refine both once more.
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
      high = bestFactor { minimum * low...maximum * $0 }
      low = bestFactor { minimum * $0...maximum * high }
      high = bestFactor(near: high) { minimum * low...maximum * $0 }
      low = bestFactor(near: low) { minimum * $0...maximum * high }
      return minimum * low...maximum * high
    }
  }

  /// The factor whose range has the least error; the widest of equals. With a start, only around it.
  private func bestFactor(
    near start: Float? = nil, _ range: (Float) -> ClosedRange<Float>
  ) -> Float {
    func error(_ factor: Float) -> Double {
      let noise = model.noise(of: QuantizationParameters(covering: range(factor), scheme: scheme))
      return noise.rounding + noise.clipping
    }
    var best = start ?? 1
    var least = error(best)
    func consider(_ factor: Float) {
      let found = error(factor)
      if found < least {
        least = found
        best = factor
      }
    }
    if start == nil {
      var factor: Float = 1
      while factor > 0.01 {
        factor *= 0.75
        consider(factor)
      }
      let coarse = best
      factor = coarse / 0.75
      while factor > coarse * 0.75 {
        factor *= 0.93
        if factor < 1 { consider(factor) }
      }
    }
    for width: Float in [0.02, 0.005] {
      let center = best
      for step in -3...3 where step != 0 {
        let factor = center * (1 + width * Float(step))
        if factor <= 1 { consider(factor) }
      }
    }
    return best
  }
}
