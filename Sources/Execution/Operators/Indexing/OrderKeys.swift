internal import Tensors

/// Unsigned integers that are in the same order as the elements of a tensor and equal where they
/// are, so that sorting and searching need one implementation for all types.
///
/// -0 and +0 have one key, all NaNs have one above every number.
struct OrderKeys {
  private let width: Int
  private let kind: Kind

  private enum Kind {
    case unsigned
    case signed
    /// Holds the bits of infinity.
    case real(infinity: UInt64)
  }

  /// `nil` for types without an order.
  init?(_ type: ElementType) {
    switch type {
    case .bool, .uint8, .uint16, .uint32, .uint64: kind = .unsigned
    case .int8, .int16, .int32, .int64: kind = .signed
    case .float16: kind = .real(infinity: 0x7C00)
    case .bfloat16: kind = .real(infinity: 0x7F80)
    case .float32: kind = .real(infinity: 0x7F80_0000)
    case .float64: kind = .real(infinity: 0x7FF0_0000_0000_0000)
    default: return nil
    }
    width = type.bitWidth
  }

  /// The key of the element at `index`.
  func key(_ base: UnsafeRawPointer, _ index: Int) -> UInt64 {
    let bits: UInt64 =
      switch width {
      case 8: UInt64(base.assumingMemoryBound(to: UInt8.self)[index])
      case 16: UInt64(base.assumingMemoryBound(to: UInt16.self)[index])
      case 32: UInt64(base.assumingMemoryBound(to: UInt32.self)[index])
      default: base.assumingMemoryBound(to: UInt64.self)[index]
      }
    let sign: UInt64 = 1 << UInt64(width - 1)
    switch kind {
    case .unsigned: return bits
    case .signed: return bits ^ sign
    case .real(let infinity):
      let magnitude = bits & (sign - 1)
      if magnitude > infinity { return .max }
      if magnitude == 0 { return sign }
      return bits & sign == 0 ? sign | magnitude : sign - magnitude
    }
  }

  /// The key of zero.
  var zero: UInt64 {
    if case .unsigned = kind { 0 } else { 1 << UInt64(width - 1) }
  }
}
