extension ElementType {
  /// Whether ``Tensor/codes`` can be had: integers of at most 32 bits.
  package var isCode: Bool {
    switch self {
    case .int8, .uint8, .int16, .uint16, .int32, .int4, .uint4, .int2, .uint2: true
    default: false
    }
  }
}

extension Tensor {
  /// The elements of an integer tensor of at most 32 bits, packed ones one by one; `nil` for any
  /// other type.
  package var codes: [Int32]? {
    switch elementType {
    case .int8: array(of: Int8.self).map { Int32($0) }
    case .uint8: array(of: UInt8.self).map { Int32($0) }
    case .int16: array(of: Int16.self).map { Int32($0) }
    case .uint16: array(of: UInt16.self).map { Int32($0) }
    case .int32: array(of: Int32.self)
    case .int4, .uint4, .int2, .uint2:
      withUnsafeBytes { bytes in
        let isSigned = elementType == .int4 || elementType == .int2
        return (0..<elementCount).map {
          PackedCode.read(bytes, $0, bits: elementType.bitWidth, isSigned: isSigned)
        }
      }
    default: nil
    }
  }
}

extension Tensor {
  /// Integer codes as elements of an integer type of at most 8 bits; narrower ones are packed.
  /// - Precondition: every code fits the type.
  package init(codes: [Int32], _ elementType: ElementType, shape: Shape) {
    self.init(elementType, shape: shape)
    precondition(codes.count == shape.elementCount, "\(codes.count) codes for \(shape)")
    withUnsafeMutableBytes { bytes in
      for (index, code) in codes.enumerated() {
        if elementType.bitWidth < 8 {
          PackedCode.write(code, to: bytes, index, bits: elementType.bitWidth)
        } else {
          bytes[index] = UInt8(truncatingIfNeeded: code)
        }
      }
    }
  }
}

/// An element of 2 or 4 bits: several share a byte, the first in its lowest bits, as ONNX packs them.
package enum PackedCode {
  package static func read(
    _ bytes: UnsafeRawBufferPointer, _ index: Int, bits: Int, isSigned: Bool
  ) -> Int32 {
    let perByte = 8 / bits
    let shifted = bytes[index / perByte] >> UInt8(index % perByte * bits)
    let code = Int32(shifted) & ((1 << Int32(bits)) - 1)
    return isSigned && code >> Int32(bits - 1) == 1 ? code - (1 << Int32(bits)) : code
  }

  /// Replaces one element and leaves the others of its byte.
  package static func write(
    _ code: Int32, to bytes: UnsafeMutableRawBufferPointer, _ index: Int, bits: Int
  ) {
    let perByte = 8 / bits
    let shift = UInt8(index % perByte * bits)
    let mask = UInt8((1 << bits) - 1)
    let kept = bytes[index / perByte] & ~(mask << shift)
    bytes[index / perByte] = kept | (UInt8(truncatingIfNeeded: code) & mask) << shift
  }
}
