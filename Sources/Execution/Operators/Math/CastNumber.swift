internal import Tensors

/// A number on its way from one type to another: exact for every type that Cast takes.
enum CastNumber {
  case integer(Int64)
  case unsigned(UInt64)
  case real(Double)

  var real: Double {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .real(let value): value
    }
  }

  /// As an integer of 64 bits; reals are cut off and saturate, NaN becomes 0.
  var integer: Int64 {
    switch self {
    case .integer(let value): value
    case .unsigned(let value): Int64(truncatingIfNeeded: value)
    case .real: Int64(self)
    }
  }
}

/// An element type with a Swift type of its own.
protocol CastableElement: TensorElement {
  var number: CastNumber { get }
  init(_ number: CastNumber)
}

extension CastableElement where Self: FixedWidthInteger {
  var number: CastNumber {
    Self.isSigned || Self.bitWidth < 64
      ? .integer(Int64(truncatingIfNeeded: self)) : .unsigned(UInt64(truncatingIfNeeded: self))
  }

  init(_ number: CastNumber) {
    switch number {
    case .integer(let value): self = Self(truncatingIfNeeded: value)
    case .unsigned(let value): self = Self(truncatingIfNeeded: value)
    case .real(let value) where value.isNaN: self = 0
    case .real(let value):
      self = Self(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
    }
  }
}

extension CastableElement where Self: BinaryFloatingPoint {
  var number: CastNumber { .real(Double(self)) }

  init(_ number: CastNumber) {
    switch number {
    case .integer(let value): self = Self(value)
    case .unsigned(let value): self = Self(value)
    case .real(let value): self = Self(value)
    }
  }
}

extension Bool: CastableElement {
  var number: CastNumber { .integer(self ? 1 : 0) }
  init(_ number: CastNumber) { self = number.real != 0 }
}

extension BFloat16: CastableElement {
  var number: CastNumber { .real(Double(float)) }
  init(_ number: CastNumber) { self.init(number.real) }
}

extension Float: CastableElement {}
extension Double: CastableElement {}
extension Float16: CastableElement {}
extension Int64: CastableElement {}
extension Int32: CastableElement {}
extension Int16: CastableElement {}
extension Int8: CastableElement {}
extension UInt8: CastableElement {}
extension UInt16: CastableElement {}
extension UInt32: CastableElement {}
extension UInt64: CastableElement {}
