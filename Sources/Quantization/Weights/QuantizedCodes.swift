/// Codes in the type they are stored in.
package enum QuantizedCodes: Hashable, Sendable {
  case int8([Int8])
  case uint8([UInt8])

  package var count: Int {
    switch self {
    case .int8(let codes): codes.count
    case .uint8(let codes): codes.count
    }
  }

  package subscript(index: Int) -> Int32 {
    switch self {
    case .int8(let codes): Int32(codes[index])
    case .uint8(let codes): Int32(codes[index])
    }
  }
}
