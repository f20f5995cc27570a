/// What one element of a tensor is; raw values are those of ONNX `TensorProto.DataType`.
package enum ElementType: Int32, Sendable, CaseIterable, CustomStringConvertible {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13
  case complex64 = 14
  case complex128 = 15
  case bfloat16 = 16
  case float8e4m3fn = 17
  case float8e4m3fnuz = 18
  case float8e5m2 = 19
  case float8e5m2fnuz = 20
  case uint4 = 21
  case int4 = 22
  case float4e2m1 = 23
  /// A power of two: eight bits of exponent, neither sign nor fraction.
  case float8e8m0 = 24
  case uint2 = 25
  case int2 = 26

  /// Bits one element takes in storage; 0 for strings, which have no fixed width.
  package var bitWidth: Int {
    switch self {
    case .string: 0
    case .uint2, .int2: 2
    case .uint4, .int4, .float4e2m1: 4
    case .uint8, .int8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz,
      .float8e8m0:
      8
    case .uint16, .int16, .float16, .bfloat16: 16
    case .float32, .int32, .uint32: 32
    case .int64, .float64, .uint64, .complex64: 64
    case .complex128: 128
    }
  }

  /// Bytes that `count` elements take, those narrower than a byte packed.
  package func byteCount(elements count: Int) -> Int { (count * bitWidth + 7) / 8 }

  /// The name NumPy and ONNX users know it by.
  package var description: String {
    switch self {
    case .float32: "float32"
    case .uint8: "uint8"
    case .int8: "int8"
    case .uint16: "uint16"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .string: "string"
    case .bool: "bool"
    case .float16: "float16"
    case .float64: "float64"
    case .uint32: "uint32"
    case .uint64: "uint64"
    case .complex64: "complex64"
    case .complex128: "complex128"
    case .bfloat16: "bfloat16"
    case .float8e4m3fn: "float8e4m3fn"
    case .float8e4m3fnuz: "float8e4m3fnuz"
    case .float8e5m2: "float8e5m2"
    case .float8e5m2fnuz: "float8e5m2fnuz"
    case .uint4: "uint4"
    case .int4: "int4"
    case .float4e2m1: "float4e2m1"
    case .float8e8m0: "float8e8m0"
    case .uint2: "uint2"
    case .int2: "int2"
    }
  }
}

/// A Swift type that tensors store as it is.
package protocol TensorElement: BitwiseCopyable, Sendable {
  static var elementType: ElementType { get }
}

extension Float: TensorElement { package static var elementType: ElementType { .float32 } }
extension Double: TensorElement { package static var elementType: ElementType { .float64 } }
extension UInt8: TensorElement { package static var elementType: ElementType { .uint8 } }
extension Int8: TensorElement { package static var elementType: ElementType { .int8 } }
extension UInt16: TensorElement { package static var elementType: ElementType { .uint16 } }
extension Int16: TensorElement { package static var elementType: ElementType { .int16 } }
extension UInt32: TensorElement { package static var elementType: ElementType { .uint32 } }
extension Int32: TensorElement { package static var elementType: ElementType { .int32 } }
extension UInt64: TensorElement { package static var elementType: ElementType { .uint64 } }
extension Int64: TensorElement { package static var elementType: ElementType { .int64 } }
extension Bool: TensorElement { package static var elementType: ElementType { .bool } }
