internal import Graphs
internal import Kernels
internal import Tensors

/// A function of two numbers of one type.
enum BinaryFunction: Equatable {
  case add, subtract, multiply, divide, minimum, maximum, power
  /// Of a division that rounds down: takes the divisor's sign.
  case modulo
  /// Of a division towards zero: takes the dividend's sign.
  case remainder
  case bitwiseAnd, bitwiseOr, bitwiseXor, shiftLeft, shiftRight
  /// `x < 0 ? slope * x : x`, the slope to the right.
  case leak

  /// `nil` for an operator that is no such function.
  init?(_ node: Node) {
    switch node.operatorName.name {
    case "Add", "Sum", "Mean": self = .add
    case "Sub": self = .subtract
    case "Mul": self = .multiply
    case "Div": self = .divide
    case "Min": self = .minimum
    case "Max": self = .maximum
    case "Pow": self = .power
    case "Mod": self = node.int("fmod") ?? 0 != 0 ? .remainder : .modulo
    case "BitwiseAnd": self = .bitwiseAnd
    case "BitwiseOr": self = .bitwiseOr
    case "BitwiseXor": self = .bitwiseXor
    case "BitShift": self = node.string("direction") == "LEFT" ? .shiftLeft : .shiftRight
    case "PRelu": self = .leak
    default: return nil
    }
  }

  /// The kernel for float32, where there is one.
  var floatKernel: FloatBinary? {
    switch self {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    case .minimum: .minimum
    case .maximum: .maximum
    case .power: .power
    default: nil
    }
  }

  /// Whether it divides by its right side.
  var divides: Bool { [.divide, .modulo, .remainder].contains(self) }

  /// Whether the function is defined for such elements.
  func takes(_ type: ElementType) -> Bool {
    switch self {
    case .bitwiseAnd, .bitwiseOr, .bitwiseXor, .shiftLeft, .shiftRight: type.isInteger
    default: true
    }
  }
}
