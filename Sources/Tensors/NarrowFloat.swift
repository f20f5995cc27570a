/// A float format of 8 or 4 bits: a sign, an exponent, a fraction.
package struct NarrowFloat: Sendable {
  /// What is left out of the finite numbers.
  enum Specials: Sendable {
    /// The highest exponent means infinity and NaN, as in IEEE 754.
    case infinities
    /// Only the code with all bits set is NaN; there is no infinity.
    case highestIsNaN
    /// What would be -0 is NaN; there is no infinity.
    case negativeZeroIsNaN
    /// Every code is a number.
    case none
  }

  let exponentBits: Int
  let fractionBits: Int
  let bias: Int
  let specials: Specials

  /// The format of that element type; `nil` for all types but float8 with a sign and float4.
  package init?(_ type: ElementType) {
    switch type {
    case .float8e4m3fn: self.init(4, 3, bias: 7, .highestIsNaN)
    case .float8e4m3fnuz: self.init(4, 3, bias: 8, .negativeZeroIsNaN)
    case .float8e5m2: self.init(5, 2, bias: 15, .infinities)
    case .float8e5m2fnuz: self.init(5, 2, bias: 16, .negativeZeroIsNaN)
    case .float4e2m1: self.init(2, 1, bias: 1, .none)
    default: return nil
    }
  }

  private init(_ exponentBits: Int, _ fractionBits: Int, bias: Int, _ specials: Specials) {
    self.exponentBits = exponentBits
    self.fractionBits = fractionBits
    self.bias = bias
    self.specials = specials
  }

  private var signBit: UInt8 { 1 << UInt8(exponentBits + fractionBits) }
  private var infinity: UInt8 { UInt8((1 << exponentBits) - 1) << UInt8(fractionBits) }
  /// The code of the greatest finite number.
  private var greatest: UInt8 {
    switch specials {
    case .infinities: infinity - 1
    case .highestIsNaN: signBit - 2
    case .negativeZeroIsNaN, .none: signBit - 1
    }
  }

  /// The number that a code stands for.
  package func value(of code: UInt8) -> Float {
    let magnitude = code & (signBit - 1)
    let isNegative = code & signBit != 0
    switch specials {
    case .infinities where magnitude > infinity: return .nan
    case .infinities where magnitude == infinity: return isNegative ? -.infinity : .infinity
    case .highestIsNaN where magnitude == signBit - 1: return .nan
    case .negativeZeroIsNaN where isNegative && magnitude == 0: return .nan
    default: break
    }
    let exponent = Int(magnitude >> UInt8(fractionBits))
    let fraction = Int(magnitude) & ((1 << fractionBits) - 1)
    let significand = exponent == 0 ? fraction : fraction + 1 << fractionBits
    let scale = max(exponent, 1) - bias - fractionBits
    let absolute = Float(sign: .plus, exponent: scale, significand: 1) * Float(significand)
    return isNegative ? -absolute : absolute
  }

  /// The code of the nearest number, halves to even.
  ///
  /// `saturates`: what is beyond the greatest number becomes it; otherwise infinity where the
  /// format has one, else NaN. A format without NaN makes it zero.
  package func code(of value: Double, saturates: Bool) -> UInt8 {
    let sign = value.sign == .minus ? signBit : 0
    guard !value.isNaN else { return specials == .none ? sign : notANumber(sign) }
    var magnitude = Int.max
    if value.isFinite {
      let exponent = value == 0 ? 1 - bias : max(Int(value.exponent), 1 - bias)
      // Scaling by a power of two is exact, so this rounds once.
      let scale = Double(sign: .plus, exponent: fractionBits - exponent, significand: 1)
      let units = Int((abs(value) * scale).rounded(.toNearestOrEven))
      magnitude = (exponent + bias - 1) << fractionBits + units
    }
    if magnitude > Int(greatest) {
      if saturates || specials == .none { return sign | greatest }
      return specials == .infinities ? sign | infinity : notANumber(sign)
    }
    return specials == .negativeZeroIsNaN && magnitude == 0 ? 0 : sign | UInt8(magnitude)
  }

  private func notANumber(_ sign: UInt8) -> UInt8 {
    specials == .negativeZeroIsNaN ? signBit : sign | (signBit - 1)
  }
}

/// float8e8m0: a power of two from 2^-127 to 2^127, or NaN.
package enum PowerOfTwoFloat {
  package enum Rounding: String, Sendable { case up, down, nearest }

  package static let notANumber: UInt8 = 0xFF

  package static func value(of code: UInt8) -> Float {
    code == notANumber ? .nan : Float(sign: .plus, exponent: Int(code) - 127, significand: 1)
  }

  /// The code of the power of two next to `value`, whose sign is ignored.
  ///
  /// `saturates`: what lies outside becomes the least or the greatest power; otherwise NaN. Halfway
  /// between two powers, `nearest` takes the upper one.
  package static func code(of value: Double, rounding: Rounding, saturates: Bool) -> UInt8 {
    guard !value.isNaN else { return notANumber }
    guard value.isFinite, value != 0 else {
      return saturates ? (value == 0 ? 0 : notANumber - 1) : notANumber
    }
    let fraction = value.significand
    let isRoundedUp =
      switch rounding {
      case .up: fraction > 1
      case .down: false
      case .nearest: fraction >= 1.5
      }
    let code = Int(value.exponent) + 127 + (isRoundedUp ? 1 : 0)
    guard (0...254).contains(code) else {
      return saturates ? (code < 0 ? 0 : notANumber - 1) : notANumber
    }
    return UInt8(code)
  }
}
