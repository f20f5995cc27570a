internal import Glibc
internal import Graphs
internal import Tensors

/// A function of one number, for types and operators that the float kernels do not know. Reals are
/// computed in double and rounded once.
enum UnaryFunction: Equatable {
  case negate, absolute, sign, ceil, floor, round, sqrt, exp, log, reciprocal, erf
  case sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh
  case relu, sigmoid, softplus, softsign, hardSwish, mish
  case leakyRelu(alpha: Double)
  case elu(alpha: Double)
  case celu(alpha: Double)
  case selu(alpha: Double, gamma: Double)
  case hardSigmoid(alpha: Double, beta: Double)
  case thresholded(above: Double)
  case shrink(limit: Double, bias: Double)
  case swish(alpha: Double)
  case gelu(approximately: Bool)
  case bitwiseNot

  /// `nil` for an operator that is no such function.
  init?(_ node: Node) {
    func number(_ name: String, _ otherwise: Float) -> Double {
      Double(node.float(name) ?? otherwise)
    }
    switch node.operatorName.name {
    case "Neg": self = .negate
    case "Abs": self = .absolute
    case "Sign": self = .sign
    case "Ceil": self = .ceil
    case "Floor": self = .floor
    case "Round": self = .round
    case "Sqrt": self = .sqrt
    case "Exp": self = .exp
    case "Log": self = .log
    case "Reciprocal": self = .reciprocal
    case "Erf": self = .erf
    case "Sin": self = .sin
    case "Cos": self = .cos
    case "Tan": self = .tan
    case "Asin": self = .asin
    case "Acos": self = .acos
    case "Atan": self = .atan
    case "Sinh": self = .sinh
    case "Cosh": self = .cosh
    case "Tanh": self = .tanh
    case "Asinh": self = .asinh
    case "Acosh": self = .acosh
    case "Atanh": self = .atanh
    case "Relu": self = .relu
    case "Sigmoid": self = .sigmoid
    case "Softplus": self = .softplus
    case "Softsign": self = .softsign
    case "HardSwish": self = .hardSwish
    case "Mish": self = .mish
    case "LeakyRelu": self = .leakyRelu(alpha: number("alpha", 0.01))
    case "Elu": self = .elu(alpha: number("alpha", 1))
    case "Celu": self = .celu(alpha: number("alpha", 1))
    case "Selu":
      self = .selu(
        alpha: number("alpha", 1.673_263_192_176_818_8),
        gamma: number("gamma", 1.050_701_022_148_132_3))
    case "HardSigmoid":
      self = .hardSigmoid(alpha: number("alpha", 0.2), beta: number("beta", 0.5))
    case "ThresholdedRelu": self = .thresholded(above: number("alpha", 1))
    case "Shrink": self = .shrink(limit: number("lambd", 0.5), bias: number("bias", 0))
    case "Swish": self = .swish(alpha: number("alpha", 1))
    case "Gelu": self = .gelu(approximately: node.string("approximate") == "tanh")
    case "BitwiseNot": self = .bitwiseNot
    default: return nil
    }
  }

  /// Whether the function is defined for such elements.
  func takes(_ type: ElementType) -> Bool {
    switch self {
    case .negate, .absolute, .sign, .relu, .shrink: true
    case .bitwiseNot: type.isInteger
    default: type.isReal
    }
  }

  func value(at x: Double) -> Double {
    switch self {
    case .negate: -x
    case .absolute: abs(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .ceil: x.rounded(.up)
    case .floor: x.rounded(.down)
    case .round: x.rounded(.toNearestOrEven)
    case .sqrt: x.squareRoot()
    case .exp: Glibc.exp(x)
    case .log: Glibc.log(x)
    case .reciprocal: 1 / x
    case .erf: Glibc.erf(x)
    case .sin: Glibc.sin(x)
    case .cos: Glibc.cos(x)
    case .tan: Glibc.tan(x)
    case .asin: Glibc.asin(x)
    case .acos: Glibc.acos(x)
    case .atan: Glibc.atan(x)
    case .sinh: Glibc.sinh(x)
    case .cosh: Glibc.cosh(x)
    case .tanh: Glibc.tanh(x)
    case .asinh: Glibc.asinh(x)
    case .acosh: Glibc.acosh(x)
    case .atanh: Glibc.atanh(x)
    case .relu: x.isNaN ? x : max(x, 0)
    case .sigmoid: 1 / (1 + Glibc.exp(-x))
    case .softplus: Self.softplus(x)
    case .softsign: x / (1 + abs(x))
    case .hardSwish: x * min(max(x / 6 + 0.5, 0), 1)
    case .mish: x * Glibc.tanh(Self.softplus(x))
    case .leakyRelu(let alpha): x < 0 ? alpha * x : x
    case .elu(let alpha): x < 0 ? alpha * expm1(x) : x
    case .celu(let alpha): x < 0 ? alpha * expm1(x / alpha) : x
    case .selu(let alpha, let gamma): gamma * (x < 0 ? alpha * expm1(x) : x)
    case .hardSigmoid(let alpha, let beta): min(max(alpha * x + beta, 0), 1)
    case .thresholded(let limit): x > limit || x.isNaN ? x : 0
    case .shrink(let limit, let bias): x < -limit ? x + bias : x > limit ? x - bias : 0
    case .swish(let alpha): x / (1 + Glibc.exp(-alpha * x))
    case .gelu(true):
      x / 2 * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .gelu(false): x / 2 * (1 + Glibc.erf(x / 2.0.squareRoot()))
    case .bitwiseNot: preconditionFailure("bits of a real")
    }
  }

  /// `log(1 + exp(x))` without overflow.
  private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(Glibc.exp(-abs(x))) }
}
