internal import Tensors

/// Turns elements of one type into another, as Cast does.
struct Conversion {
  /// What becomes of numbers that a narrow float has no room for.
  struct Options {
    var saturates = true
    var rounding = PowerOfTwoFloat.Rounding.up
  }

  typealias Body = (UnsafeRawPointer, UnsafeMutableRawPointer, Int) -> Void

  private let body: Body

  /// `nil` where one of the types is no real number.
  init?(from: ElementType, to: ElementType, options: Options = Options()) {
    if let body = DirectConversion.body(from: from, to: to) ?? Self.loop(from, to) {
      self.body = body
    } else {
      guard let read = Self.reader(of: from), let write = Self.writer(of: to, options) else {
        return nil
      }
      body = { source, target, count in
        for index in 0..<count { write(target, index, read(source, index)) }
      }
    }
  }

  func run(_ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer, count: Int) {
    body(source, target, count)
  }

  // Types that Swift has.

  private static func loop(_ from: ElementType, _ to: ElementType) -> Body? {
    switch from {
    case .float32: loop(from: Float.self, to)
    case .float64: loop(from: Double.self, to)
    case .float16: loop(from: Float16.self, to)
    case .bfloat16: loop(from: BFloat16.self, to)
    case .int64: loop(from: Int64.self, to)
    case .int32: loop(from: Int32.self, to)
    case .int16: loop(from: Int16.self, to)
    case .int8: loop(from: Int8.self, to)
    case .uint8: loop(from: UInt8.self, to)
    case .uint16: loop(from: UInt16.self, to)
    case .uint32: loop(from: UInt32.self, to)
    case .uint64: loop(from: UInt64.self, to)
    case .bool: loop(from: Bool.self, to)
    default: nil
    }
  }

  private static func loop<From: CastableElement>(from: From.Type, _ to: ElementType) -> Body? {
    switch to {
    case .float32: loop(from, Float.self)
    case .float64: loop(from, Double.self)
    case .float16: loop(from, Float16.self)
    case .bfloat16: loop(from, BFloat16.self)
    case .int64: loop(from, Int64.self)
    case .int32: loop(from, Int32.self)
    case .int16: loop(from, Int16.self)
    case .int8: loop(from, Int8.self)
    case .uint8: loop(from, UInt8.self)
    case .uint16: loop(from, UInt16.self)
    case .uint32: loop(from, UInt32.self)
    case .uint64: loop(from, UInt64.self)
    case .bool: loop(from, Bool.self)
    default: nil
    }
  }

  private static func loop<From: CastableElement, To: CastableElement>(
    _ from: From.Type, _ to: To.Type
  ) -> Body {
    { source, target, count in
      let input = source.assumingMemoryBound(to: from)
      let output = target.assumingMemoryBound(to: to)
      for index in 0..<count { output[index] = To(input[index].number) }
    }
  }

  // Any type, one element at a time.

  typealias Reader = (UnsafeRawPointer, Int) -> CastNumber
  typealias Writer = (UnsafeMutableRawPointer, Int, CastNumber) -> Void

  /// Reads the element of that number; `nil` for types without real numbers.
  static func reader(of type: ElementType) -> Reader? {
    let bits = type.bitWidth
    if let format = NarrowFloat(type) {
      let values = (0..<(1 << bits)).map { format.value(of: UInt8($0)) }
      return { source, index in
        .real(Double(values[Int(code(source, index, bits: bits, isSigned: false))]))
      }
    }
    switch type {
    case .float8e8m0:
      return { source, index in
        .real(Double(PowerOfTwoFloat.value(of: source.load(fromByteOffset: index, as: UInt8.self))))
      }
    case .int4, .uint4, .int2, .uint2:
      let isSigned = type == .int4 || type == .int2
      return { source, index in
        .integer(Int64(code(source, index, bits: bits, isSigned: isSigned)))
      }
    default:
      // Through double, or as the integers they are.
      guard let wide = loop(type, type.isInteger ? .int64 : .float64) else { return nil }
      let width = bits / 8
      return type.isInteger
        ? { source, index in
          var number: Int64 = 0
          wide(source + index * width, &number, 1)
          return type == .uint64 ? .unsigned(UInt64(bitPattern: number)) : .integer(number)
        }
        : { source, index in
          var number: Double = 0
          wide(source + index * width, &number, 1)
          return .real(number)
        }
    }
  }

  static func writer(of type: ElementType, _ options: Options) -> Writer? {
    let bits = type.bitWidth
    if let format = NarrowFloat(type) {
      return { target, index, number in
        let code = format.code(of: number.real, saturates: options.saturates)
        write(Int32(code), target, index, bits: bits)
      }
    }
    switch type {
    case .float8e8m0:
      return { target, index, number in
        let code = PowerOfTwoFloat.code(
          of: number.real, rounding: options.rounding, saturates: options.saturates)
        target.storeBytes(of: code, toByteOffset: index, as: UInt8.self)
      }
    case .int4, .uint4, .int2, .uint2:
      return { target, index, number in
        write(Int32(truncatingIfNeeded: number.integer), target, index, bits: bits)
      }
    default:
      guard let fromReal = loop(.float64, type), let fromInteger = loop(.int64, type),
        let fromUnsigned = loop(.uint64, type)
      else { return nil }
      let width = bits / 8
      return { target, index, number in
        let place = target + index * width
        switch number {
        case .real(let value): withUnsafeBytes(of: value) { store(fromReal, $0, place) }
        case .integer(let value): withUnsafeBytes(of: value) { store(fromInteger, $0, place) }
        case .unsigned(let value): withUnsafeBytes(of: value) { store(fromUnsigned, $0, place) }
        }
      }
    }
  }

  private static func store(
    _ body: Body, _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawPointer
  ) {
    if let base = source.baseAddress { body(base, target, 1) }
  }

  private static func code(
    _ source: UnsafeRawPointer, _ index: Int, bits: Int, isSigned: Bool
  ) -> Int32 {
    guard bits < 8 else { return Int32(source.load(fromByteOffset: index, as: UInt8.self)) }
    let bytes = UnsafeRawBufferPointer(start: source, count: index * bits / 8 + 1)
    return PackedCode.read(bytes, index, bits: bits, isSigned: isSigned)
  }

  private static func write(
    _ code: Int32, _ target: UnsafeMutableRawPointer, _ index: Int, bits: Int
  ) {
    guard bits < 8 else {
      return target.storeBytes(
        of: UInt8(truncatingIfNeeded: code), toByteOffset: index, as: UInt8.self)
    }
    let bytes = UnsafeMutableRawBufferPointer(start: target, count: index * bits / 8 + 1)
    PackedCode.write(code, to: bytes, index, bits: bits)
  }
}

extension ElementType {
  /// Whether elements are whole numbers; booleans count as 0 and 1.
  var isInteger: Bool {
    switch self {
    case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .int4, .uint4, .int2,
      .uint2, .bool:
      true
    default: false
    }
  }

  /// float16 and bfloat16, which are computed with as float32 and rounded once.
  var isHalf: Bool { self == .float16 || self == .bfloat16 }
}

extension Tensor {
  /// The elements as another type of numbers, as Cast does it; `nil` for strings and complex ones.
  func cast(to type: ElementType, options: Conversion.Options = .init()) -> Tensor? {
    guard type != elementType else { return self }
    guard let conversion = Conversion(from: elementType, to: type, options: options) else {
      return nil
    }
    var result = Tensor(type, shape: shape)
    withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        conversion.run(from, into: to, count: elementCount)
      }
    }
    return result
  }
}
