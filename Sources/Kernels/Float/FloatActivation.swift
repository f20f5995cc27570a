internal import CKernels

/// A function of one number, applied to every element: alone, or behind a convolution, a matrix
/// product or an operation of two tensors.
///
/// On AVX2 and AVX-512 the elementary functions are off by at most 4 units in the last place or
/// 1e-6 of the range of the result, whichever is larger; the others are rounded as IEEE 754 has it.
package enum FloatActivation: Hashable, Sendable {
  case none
  /// `min(max(x, low), high)`; NaN stays NaN.
  case clamp(low: Float, high: Float)
  /// `x < 0 ? slope * x : x`
  case leakyRelu(slope: Float)
  /// `max(0, min(1, alpha * x + beta))`
  case hardSigmoid(alpha: Float, beta: Float)
  /// `x * max(0, min(1, x / 6 + 1 / 2))`
  case hardSwish
  /// `scale * hardSwish(x) + offset`, rounded after either step.
  case hardSwishAffine(scale: Float, offset: Float)
  /// `1 / (1 + exp(-x))`
  case sigmoid
  /// `x * sigmoid(x)`
  case silu
  case tanh
  /// `x / 2 * (1 + erf(x / sqrt 2))`
  case gelu
  /// The approximation of `gelu` by `tanh`.
  case geluTanh
  /// `x < 0 ? alpha * (exp(x) - 1) : x`
  case elu(alpha: Float)
  /// `log(1 + exp(x))`
  case softplus
  /// `x * tanh(softplus(x))`
  case mish
  case exp
  case log
  case sqrt
  case reciprocal
  case erf
  case negate
  case absolute
  case floor
  case ceil
  /// To the nearest integer, halves to the even one.
  case round
  /// `scale * x + offset`, rounded after either step.
  case affine(scale: Float, offset: Float)
  case square
  /// 1, 0 or -1 with the sign of x.
  case sign
  /// `x / (1 + |x|)`
  case softsign
  /// `x > threshold ? x : 0`; NaN stays NaN.
  case thresholded(above: Float)

  package static let relu = FloatActivation.clamp(low: 0, high: .infinity)
  package static let relu6 = FloatActivation.clamp(low: 0, high: 6)

  /// Applies the function to `count` values; `output` may be `input`.
  package func apply(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int,
    isa: InstructionSet, pool: ThreadPool
  ) {
    pool.parallel(count, grain: Self.grain) { range in
      apply(
        input + range.lowerBound, into: output + range.lowerBound, count: range.count, isa: isa)
    }
  }

  /// Values that are worth a thread.
  private static let grain = 8_192

  func apply(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int,
    isa: InstructionSet
  ) {
    let (code, p, q) = kernelCode
    isa.floatKernels.unary(code, p, q, input, output, count)
  }

  /// Applies the function to `columns` values of each row, in place.
  func apply(
    _ values: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int, isa: InstructionSet
  ) {
    if columns == stride { return apply(values, into: values, count: rows * columns, isa: isa) }
    for row in 0..<rows {
      apply(values + row * stride, into: values + row * stride, count: columns, isa: isa)
    }
  }

  /// What a kernel that sums clamps to; everything unless this is a clamp.
  var bounds: (low: Float, high: Float) {
    if case .clamp(let low, let high) = self { return (low, high) }
    return (-.infinity, .infinity)
  }

  /// Whether the bounds are not the whole function.
  var needsPass: Bool {
    switch self {
    case .none, .clamp: false
    default: true
    }
  }

  /// The same where the kernel that sums takes in hard swish too.
  var needsPassBehindSums: Bool { needsPass && self != .hardSwish }

  var kernelCode: (code: kern_f32_unary, p: Float, q: Float) {
    switch self {
    case .none: (KERN_F32_COPY, 0, 0)
    case .clamp(let low, let high): (KERN_F32_CLAMP, low, high)
    case .leakyRelu(let slope): (KERN_F32_LEAKY_RELU, slope, 0)
    case .hardSigmoid(let alpha, let beta): (KERN_F32_HARD_SIGMOID, alpha, beta)
    case .hardSwish: (KERN_F32_HARD_SWISH, 0, 0)
    case .hardSwishAffine(let scale, let offset): (KERN_F32_HARD_SWISH_AFFINE, scale, offset)
    case .sigmoid: (KERN_F32_SIGMOID, 0, 0)
    case .silu: (KERN_F32_SILU, 0, 0)
    case .tanh: (KERN_F32_TANH, 0, 0)
    case .gelu: (KERN_F32_GELU, 0, 0)
    case .geluTanh: (KERN_F32_GELU_TANH, 0, 0)
    case .elu(let alpha): (KERN_F32_ELU, alpha, 0)
    case .softplus: (KERN_F32_SOFTPLUS, 0, 0)
    case .mish: (KERN_F32_MISH, 0, 0)
    case .exp: (KERN_F32_EXP, 0, 0)
    case .log: (KERN_F32_LOG, 0, 0)
    case .sqrt: (KERN_F32_SQRT, 0, 0)
    case .reciprocal: (KERN_F32_RECIPROCAL, 0, 0)
    case .erf: (KERN_F32_ERF, 0, 0)
    case .negate: (KERN_F32_NEGATE, 0, 0)
    case .absolute: (KERN_F32_ABSOLUTE, 0, 0)
    case .floor: (KERN_F32_FLOOR, 0, 0)
    case .ceil: (KERN_F32_CEIL, 0, 0)
    case .round: (KERN_F32_ROUND, 0, 0)
    case .affine(let scale, let offset): (KERN_F32_AFFINE, scale, offset)
    case .square: (KERN_F32_SQUARE, 0, 0)
    case .sign: (KERN_F32_SIGN, 0, 0)
    case .softsign: (KERN_F32_SOFTSIGN, 0, 0)
    case .thresholded(let threshold): (KERN_F32_THRESHOLDED, threshold, 0)
    }
  }
}

extension InstructionSet {
  /// The float kernels for this instruction set.
  var floatKernels: kern_f32_table { kern_f32_table_for(kernelIsa).pointee }
}
