/// A range that keeps magnitudes up to a threshold.
///
/// Symmetric schemes use `-threshold...threshold`. Affine ones cut at the same magnitude on both
/// sides, and never beyond what was seen.
struct ThresholdChoice {
  let minimum: Float
  let maximum: Float
  let symmetry: Symmetry

  init(_ statistics: TensorStatistics, symmetry: Symmetry) {
    minimum = statistics.signed.minimum
    maximum = statistics.signed.maximum
    self.symmetry = symmetry
  }

  var largest: Float { max(abs(minimum), abs(maximum)) }

  func range(threshold: Double) -> ClosedRange<Float> {
    let bound = Float(min(threshold, Double(largest)))
    switch symmetry {
    case .symmetric: return -bound...bound
    case .affine:
      let upper = min(maximum, bound)
      return min(max(minimum, -bound), upper)...upper
    }
  }
}
