internal import CKernels

/// One row of a normalization in float32; sums are taken in float64.
package enum NormalizationFloat {
  /// The mean of a row, 0 unless it `centers`, and the sum of the squares of what is left without it.
  package static func deviation(
    _ row: UnsafePointer<Float>, count: Int, centers: Bool, isa: InstructionSet
  ) -> (mean: Double, squares: Double) {
    let deviation = isa.floatKernels.deviation(row, count, centers)
    return (deviation.mean, deviation.squares)
  }

  /// `output = (input - mean) * factor * scale + bias`; in place is allowed.
  /// - `steps`: 1 where `scale` or `bias` has an element for each value, 0 where it has one.
  package static func apply(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int,
    mean: Float, factor: Float, scale: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    steps: (scale: Int, bias: Int), isa: InstructionSet
  ) {
    precondition(steps.scale & ~1 == 0 && steps.bias & ~1 == 0, "steps of \(steps)")
    isa.floatKernels.normalize(
      input, output, count, mean, factor, scale, steps.scale, bias, steps.bias)
  }
}
