internal import Kernels
internal import Tensors

/// Normalizes rows of neighbouring elements, each by its own mean and deviation, then scales and
/// shifts: `(x - mean) / sqrt(variance + epsilon) * scale + bias`.
struct RowNormalization {
  /// Which element of scale and bias an element of a row meets:
  /// `row % rowPeriod * perRow + index / run`.
  struct Parameters {
    /// Rows after which the parameters begin again.
    var rowPeriod: Int
    /// Parameters that a row meets.
    var perRow: Int
    /// Neighbours that share a parameter.
    var run: Int
  }

  let rows: Int
  let columns: Int
  let epsilon: Double
  /// Whether the mean is taken away first; without it the root of the mean square divides.
  let centers: Bool
  let parameters: Parameters

  /// - Parameters:
  ///   - means: gets the mean of each row; `inverses` gets `1 / sqrt(variance + epsilon)`.
  ///   - scale: 1 where it is `nil`, as `bias` is 0.
  func run<Real: NormalizableElement>(
    _ input: UnsafePointer<Real>, scale: UnsafePointer<Real>?, bias: UnsafePointer<Real>?,
    into output: UnsafeMutablePointer<Real>, means: UnsafeMutablePointer<Float>? = nil,
    inverses: UnsafeMutablePointer<Float>? = nil, isa: InstructionSet, pool: ThreadPool
  ) {
    let constants: [Real] = [1, 0]
    constants.withUnsafeBufferPointer { constants in
      guard let one = constants.baseAddress else { return }
      let zero = one + 1
      pool.parallel(rows, grain: max(1, 16_384 / max(columns, 1))) { range in
        for row in range {
          let (from, to) = (input + row * columns, output + row * columns)
          let (mean, squares) = Real.deviation(from, count: columns, centers: centers, isa: isa)
          let factor = 1 / (squares / Double(columns) + epsilon).squareRoot()
          means?[row] = Float(mean)
          inverses?[row] = Float(factor)
          let first = row % parameters.rowPeriod * parameters.perRow
          let isDense = parameters.run == 1
          let span = isDense ? columns : parameters.run
          for part in 0..<(isDense ? 1 : parameters.perRow) {
            let step = isDense ? 1 : 0
            let place = first + part
            Real.apply(
              from + part * span, into: to + part * span, count: span, mean: Real(mean),
              factor: Real(factor), scale: scale.map { $0 + place } ?? one,
              bias: bias.map { $0 + place } ?? zero,
              steps: (scale == nil ? 0 : step, bias == nil ? 0 : step), isa: isa)
          }
        }
      }
    }
  }
}

/// Numbers that rows are normalized in.
protocol NormalizableElement: RealElement {
  static func deviation(
    _ row: UnsafePointer<Self>, count: Int, centers: Bool, isa: InstructionSet
  ) -> (mean: Double, squares: Double)

  /// - Parameter steps: 1 where scale or bias has an element for each value, 0 where it has one.
  static func apply(
    _ input: UnsafePointer<Self>, into output: UnsafeMutablePointer<Self>, count: Int, mean: Self,
    factor: Self, scale: UnsafePointer<Self>, bias: UnsafePointer<Self>,
    steps: (scale: Int, bias: Int), isa: InstructionSet)
}

extension NormalizableElement {
  static func deviation(
    _ row: UnsafePointer<Self>, count: Int, centers: Bool, isa: InstructionSet
  ) -> (mean: Double, squares: Double) {
    var (mean, squares) = (0.0, 0.0)
    if centers {
      for index in 0..<count { mean += Double(row[index]) }
      mean /= Double(count)
    }
    for index in 0..<count {
      let difference = Double(row[index]) - mean
      squares += difference * difference
    }
    return (mean, squares)
  }

  static func apply(
    _ input: UnsafePointer<Self>, into output: UnsafeMutablePointer<Self>, count: Int, mean: Self,
    factor: Self, scale: UnsafePointer<Self>, bias: UnsafePointer<Self>,
    steps: (scale: Int, bias: Int), isa: InstructionSet
  ) {
    for index in 0..<count {
      let value = (input[index] - mean) * factor
      output[index] = value * scale[index * steps.scale] + bias[index * steps.bias]
    }
  }
}

extension Double: NormalizableElement {}

extension Float: NormalizableElement {
  static func deviation(
    _ row: UnsafePointer<Float>, count: Int, centers: Bool, isa: InstructionSet
  ) -> (mean: Double, squares: Double) {
    NormalizationFloat.deviation(row, count: count, centers: centers, isa: isa)
  }

  static func apply(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int,
    mean: Float, factor: Float, scale: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    steps: (scale: Int, bias: Int), isa: InstructionSet
  ) {
    NormalizationFloat.apply(
      input, into: output, count: count, mean: mean, factor: factor, scale: scale, bias: bias,
      steps: steps, isa: isa)
  }
}
