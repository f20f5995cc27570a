internal import Kernels
internal import Tensors

/// Conversions that are common enough to have loops of their own.
enum DirectConversion {
  static func body(from: ElementType, to: ElementType) -> Conversion.Body? {
    switch (from, to) {
    case (.float16, .float32):
      { source, target, count in
        HalfFloat.widen(
          source.assumingMemoryBound(to: UInt16.self),
          into: target.assumingMemoryBound(to: Float.self), count: count)
      }
    case (.float32, .float16):
      { source, target, count in
        HalfFloat.narrow(
          source.assumingMemoryBound(to: Float.self),
          into: target.assumingMemoryBound(to: UInt16.self), count: count)
      }
    case (.float32, .int64):
      { whole($0.assumingMemoryBound(to: Float.self), $1.assumingMemoryBound(to: Int64.self), $2) }
    case (.float32, .int32):
      { whole($0.assumingMemoryBound(to: Float.self), $1.assumingMemoryBound(to: Int32.self), $2) }
    case (.float32, .uint8):
      { whole($0.assumingMemoryBound(to: Float.self), $1.assumingMemoryBound(to: UInt8.self), $2) }
    case (.float32, .int8):
      { whole($0.assumingMemoryBound(to: Float.self), $1.assumingMemoryBound(to: Int8.self), $2) }
    case (.float64, .int64):
      { whole($0.assumingMemoryBound(to: Double.self), $1.assumingMemoryBound(to: Int64.self), $2) }
    case (.int64, .float32): loop(Int64.self, Float.self) { Float($0) }
    case (.int32, .float32): loop(Int32.self, Float.self) { Float($0) }
    case (.uint8, .float32): loop(UInt8.self, Float.self) { Float($0) }
    case (.int8, .float32): loop(Int8.self, Float.self) { Float($0) }
    case (.bool, .float32): loop(UInt8.self, Float.self) { $0 == 0 ? 0 : 1 }
    case (.bool, .int64): loop(UInt8.self, Int64.self) { $0 == 0 ? 0 : 1 }
    case (.bool, .int32): loop(UInt8.self, Int32.self) { $0 == 0 ? 0 : 1 }
    case (.float32, .bool): loop(Float.self, UInt8.self) { $0 == 0 ? 0 : 1 }
    case (.int64, .bool): loop(Int64.self, UInt8.self) { $0 == 0 ? 0 : 1 }
    case (.int32, .bool): loop(Int32.self, UInt8.self) { $0 == 0 ? 0 : 1 }
    case (.float32, .float64): loop(Float.self, Double.self) { Double($0) }
    case (.float64, .float32): loop(Double.self, Float.self) { Float($0) }
    case (.int32, .int64): loop(Int32.self, Int64.self) { Int64($0) }
    case (.int64, .int32): loop(Int64.self, Int32.self) { Int32(truncatingIfNeeded: $0) }
    default: nil
    }
  }

  @inline(__always)
  private static func loop<From, To>(
    _ from: From.Type, _ to: To.Type, _ convert: @escaping (From) -> To
  ) -> Conversion.Body {
    { source, target, count in
      let input = source.assumingMemoryBound(to: from)
      let output = target.assumingMemoryBound(to: to)
      for index in 0..<count { output[index] = convert(input[index]) }
    }
  }

  /// Towards zero; what does not fit saturates, and NaN becomes 0.
  private static func whole<From: BinaryFloatingPoint, To: FixedWidthInteger>(
    _ input: UnsafePointer<From>, _ output: UnsafeMutablePointer<To>, _ count: Int
  ) {
    // Both are powers of two, or small, and hence exact.
    let low = From(To.min)
    let end = To.isSigned ? -low : From(To.max) + 1
    for index in 0..<count {
      let value = input[index]
      if value >= low && value < end {
        output[index] = To(value)
      } else {
        output[index] = value.isNaN ? 0 : value < low ? .min : .max
      }
    }
  }
}
