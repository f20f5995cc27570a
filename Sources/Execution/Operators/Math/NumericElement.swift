internal import Glibc
internal import Tensors

/// A number that operators calculate with where no kernel knows its type.
protocol NumericElement: CastableElement, Comparable, ExpressibleByIntegerLiteral {
  static func apply(_ function: BinaryFunction, _ left: Self, _ right: Self) -> Self
  static func apply(_ function: UnaryFunction, _ value: Self) -> Self
  var isNaN: Bool { get }
  /// Beyond or at every number of the type.
  static var lowest: Self { get }
  static var highest: Self { get }
}

/// Work that is written once for all types of numbers.
protocol NumericWork {
  associatedtype Result
  func of<Element: NumericElement>(_ type: Element.Type) -> Result
}

extension ElementType {
  /// The work done for the Swift type of these elements; `nil` where that is no number. Halves are
  /// widened before anybody asks.
  func perform<Work: NumericWork>(_ work: Work) -> Work.Result? {
    switch self {
    case .float32: work.of(Float.self)
    case .float64: work.of(Double.self)
    case .int64: work.of(Int64.self)
    case .int32: work.of(Int32.self)
    case .int16: work.of(Int16.self)
    case .int8: work.of(Int8.self)
    case .uint64: work.of(UInt64.self)
    case .uint32: work.of(UInt32.self)
    case .uint16: work.of(UInt16.self)
    case .uint8: work.of(UInt8.self)
    default: nil
    }
  }

  /// float32 or float64; half types count as float32 where operators see them.
  var isReal: Bool { self == .float32 || self == .float64 }
}

extension NumericElement where Self: FixedWidthInteger {
  var isNaN: Bool { false }
  static var lowest: Self { .min }
  static var highest: Self { .max }

  /// Wraps on overflow and divides towards zero, as C does.
  static func apply(_ function: BinaryFunction, _ left: Self, _ right: Self) -> Self {
    switch function {
    case .add: return left &+ right
    case .subtract: return left &- right
    case .multiply: return left &* right
    case .divide: return left.dividedReportingOverflow(by: right).partialValue
    case .minimum: return Swift.min(left, right)
    case .maximum: return Swift.max(left, right)
    case .power: return power(left, right)
    case .remainder: return left.remainderReportingOverflow(dividingBy: right).partialValue
    case .modulo:
      let rest = left.remainderReportingOverflow(dividingBy: right).partialValue
      return rest != 0 && (rest < 0) != (right < 0) ? rest &+ right : rest
    case .bitwiseAnd: return left & right
    case .bitwiseOr: return left | right
    case .bitwiseXor: return left ^ right
    case .shiftLeft:
      return right < 0 || right >= Self.bitWidth ? 0 : left &<< right
    case .shiftRight:
      // All bits shifted out leave what the sign fills in; Swift's shift does just that.
      return right < 0 ? left >> Self.bitWidth : left >> right
    case .leak: return left < 0 ? left &* right : left
    }
  }

  static func apply(_ function: UnaryFunction, _ value: Self) -> Self {
    switch function {
    case .negate: 0 &- value
    case .absolute: value < 0 ? 0 &- value : value
    case .sign: value > 0 ? 1 : value < 0 ? 0 &- 1 : 0
    case .relu: Swift.max(value, 0)
    case .bitwiseNot: ~value
    default: Self(.real(function.value(at: value.number.real)))
    }
  }

  private static func power(_ base: Self, _ exponent: Self) -> Self {
    guard exponent >= 0 else {
      // A fraction, unless the base is 1 or -1.
      if base == 1 { return 1 }
      return base == 0 &- 1 ? (exponent & 1 == 0 ? 1 : base) : 0
    }
    var (result, factor, rest): (Self, Self, Self) = (1, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* factor }
      factor = factor &* factor
      rest >>= 1
    }
    return result
  }
}

extension NumericElement where Self: BinaryFloatingPoint {
  static var lowest: Self { -Self.infinity }
  static var highest: Self { .infinity }

  /// Extremes are NaN where either side is.
  static func apply(_ function: BinaryFunction, _ left: Self, _ right: Self) -> Self {
    switch function {
    case .add: return left + right
    case .subtract: return left - right
    case .multiply: return left * right
    case .divide: return left / right
    case .minimum: return left.isNaN || right.isNaN ? .nan : Swift.min(left, right)
    case .maximum: return left.isNaN || right.isNaN ? .nan : Swift.max(left, right)
    case .power: return Self(pow(Double(left), Double(right)))
    case .remainder: return Self(fmod(Double(left), Double(right)))
    case .modulo:
      let rest = Self(fmod(Double(left), Double(right)))
      if rest == 0 { return Self(signOf: right, magnitudeOf: rest) }
      return (rest < 0) != (right < 0) ? rest + right : rest
    case .leak: return left < 0 ? left * right : left
    case .bitwiseAnd, .bitwiseOr, .bitwiseXor, .shiftLeft, .shiftRight:
      preconditionFailure("\(function) of reals")
    }
  }

  static func apply(_ function: UnaryFunction, _ value: Self) -> Self {
    Self(function.value(at: Double(value)))
  }
}

extension Float: NumericElement {}
extension Double: NumericElement {}
extension Int64: NumericElement {}
extension Int32: NumericElement {}
extension Int16: NumericElement {}
extension Int8: NumericElement {}
extension UInt64: NumericElement {}
extension UInt32: NumericElement {}
extension UInt16: NumericElement {}
extension UInt8: NumericElement {}
