internal import CKernels
internal import Glibc

extension InstructionSet {
  /// The kernels that training needs beside `floatKernels`.
  var gradientKernels: kern_gradient_table { kern_gradient_table_for(kernelIsa).pointee }
}

extension FloatActivation {
  /// `inputGradient = outputGradient * f'(input)`, where `output` is f(input).
  ///
  /// At a corner the slope is that of PyTorch's Relu and Hardtanh: 0. `inputGradient` may be
  /// `outputGradient`.
  package func gradient(
    input: UnsafePointer<Float>, output: UnsafePointer<Float>,
    outputGradient: UnsafePointer<Float>, into inputGradient: UnsafeMutablePointer<Float>,
    count: Int, isa: InstructionSet, pool: ThreadPool
  ) {
    let kernel = isa.gradientKernels.unary
    let (code, p, q) = kernelCode
    let isComposed = isComposed
    pool.parallel(count, grain: 8_192) { range in
      let first = range.lowerBound
      guard isComposed else {
        kernel(
          code, p, q, input + first, output + first, outputGradient + first,
          inputGradient + first, range.count)
        return
      }
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * Self.span) { memory in
        guard let scratch = memory.baseAddress else { return }
        for start in stride(from: first, to: range.upperBound, by: Self.span) {
          let part = min(Self.span, range.upperBound - start)
          composedSlope(input + start, into: scratch, scratch + Self.span, part, isa)
          for index in 0..<part {
            inputGradient[start + index] = outputGradient[start + index] * scratch[index]
          }
        }
      }
    }
  }

  /// Values whose slopes stay in the first-level cache.
  private static let span = 1_024

  /// Whether the slope takes elementary functions of its own.
  private var isComposed: Bool {
    switch self {
    case .gelu, .geluTanh, .softplus, .mish, .erf: true
    default: false
    }
  }

  /// The slopes at `count` places; `other` is working memory.
  private func composedSlope(
    _ x: UnsafePointer<Float>, into slope: UnsafeMutablePointer<Float>,
    _ other: UnsafeMutablePointer<Float>, _ count: Int, _ isa: InstructionSet
  ) {
    func apply(_ function: FloatActivation, _ values: UnsafeMutablePointer<Float>) {
      function.apply(values, into: values, count: count, isa: isa)
    }
    switch self {
    case .erf:
      for index in 0..<count { slope[index] = -x[index] * x[index] }
      apply(.exp, slope)
      for index in 0..<count { slope[index] *= 2 / Float.pi.squareRoot() }
    case .gelu:
      for index in 0..<count {
        slope[index] = x[index] * Float(0.5).squareRoot()
        other[index] = -x[index] * x[index] / 2
      }
      apply(.erf, slope)
      apply(.exp, other)
      for index in 0..<count {
        let density = other[index] / (2 * Float.pi).squareRoot()
        slope[index] = (1 + slope[index]) / 2 + x[index] * density
      }
    case .geluTanh:
      let factor = (2 / Float.pi).squareRoot()
      for index in 0..<count {
        slope[index] = factor * (x[index] + 0.044715 * x[index] * x[index] * x[index])
      }
      apply(.tanh, slope)
      for index in 0..<count {
        let t = slope[index]
        let inner = factor * (1 + 3 * 0.044715 * x[index] * x[index])
        slope[index] = (1 + t) / 2 + x[index] / 2 * (1 - t * t) * inner
      }
    case .softplus:
      FloatActivation.sigmoid.apply(x, into: slope, count: count, isa: isa)
    case .mish:
      FloatActivation.softplus.apply(x, into: slope, count: count, isa: isa)
      apply(.tanh, slope)
      FloatActivation.sigmoid.apply(x, into: other, count: count, isa: isa)
      for index in 0..<count {
        let t = slope[index]
        slope[index] = t + x[index] * (1 - t * t) * other[index]
      }
    default: preconditionFailure("\(self) has a kernel for its slope")
    }
  }
}
