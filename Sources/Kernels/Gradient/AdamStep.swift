internal import CKernels
internal import Glibc

/// One update of weights by Adam, with decay apart from the gradient.
///
/// - Source: Kingma and Ba 2015, arXiv:1412.6980; Loshchilov and Hutter 2019, arXiv:1711.05101.
package struct AdamStep: Sendable {
  private var step: kern_adam_f32_step
  private let isa: InstructionSet

  /// - Parameters:
  ///   - number: of the update, counted from 1.
  ///   - factor: gradients are multiplied by it first.
  package init(
    number: Int, rate: Float, betas: (Float, Float), epsilon: Float, decay: Float, factor: Float,
    isa: InstructionSet
  ) {
    func power(_ base: Float) -> Double { pow(Double(base), Double(number)) }
    self.isa = isa
    step = kern_adam_f32_step(
      factor: factor, beta1: betas.0, beta2: betas.1, keep: 1 - rate * decay,
      rate: Float(Double(rate) / (1 - power(betas.0))),
      root: Float(1 / (1 - power(betas.1)).squareRoot()), epsilon: epsilon)
  }

  /// - `memory`: means, and mean squares behind them.
  package func run(
    gradient: UnsafePointer<Float>, memory: UnsafeMutablePointer<Float>,
    values: UnsafeMutablePointer<Float>, count: Int, pool: ThreadPool?
  ) {
    let kernel = isa.gradientKernels.adam
    func update(_ range: Range<Int>) {
      var step = step
      let first = range.lowerBound
      kernel(
        &step, gradient + first, memory + first, memory + count + first, values + first,
        range.count)
    }
    guard let pool else { return update(0..<count) }
    pool.parallel(count, grain: 16_384, update)
  }
}

/// The sum of the squares of values.
package func squareSum(
  _ values: UnsafePointer<Float>, count: Int, isa: InstructionSet
) -> Double {
  isa.gradientKernels.square_sum(values, count)
}
