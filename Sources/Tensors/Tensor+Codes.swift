extension Tensor {
  /// The elements of an integer tensor of at most 32 bits, 4-bit ones unpacked; `nil` for any
  /// other type.
  package var codes: [Int32]? {
    switch elementType {
    case .int8: array(of: Int8.self).map { Int32($0) }
    case .uint8: array(of: UInt8.self).map { Int32($0) }
    case .int16: array(of: Int16.self).map { Int32($0) }
    case .uint16: array(of: UInt16.self).map { Int32($0) }
    case .int32: array(of: Int32.self)
    case .int4, .uint4:
      withUnsafeBytes { bytes in
        (0..<elementCount).map { Nibble.read(bytes, $0, isSigned: elementType == .int4) }
      }
    default: nil
    }
  }
}

extension Tensor {
  /// Integer codes as elements of an integer type of 4 or 8 bits; 4-bit ones are packed.
  /// - Precondition: every code fits the type.
  package init(codes: [Int32], _ elementType: ElementType, shape: Shape) {
    self.init(elementType, shape: shape)
    precondition(codes.count == shape.elementCount, "\(codes.count) codes for \(shape)")
    withUnsafeMutableBytes { bytes in
      for (index, code) in codes.enumerated() {
        if elementType.bitWidth == 4 {
          Nibble.write(code, to: bytes, index)
        } else {
          bytes[index] = UInt8(truncatingIfNeeded: code)
        }
      }
    }
  }
}

/// A 4-bit element: two share a byte, the first in its low half, as ONNX packs them.
package enum Nibble {
  package static func read(_ bytes: UnsafeRawBufferPointer, _ index: Int, isSigned: Bool) -> Int32 {
    let half = (bytes[index >> 1] >> UInt8((index & 1) * 4)) & 0xF
    return Int32(half) - (isSigned && half > 7 ? 16 : 0)
  }

  /// Replaces one element and leaves the other half of its byte.
  package static func write(_ code: Int32, to bytes: UnsafeMutableRawBufferPointer, _ index: Int) {
    let shift = UInt8((index & 1) * 4)
    let half = UInt8(truncatingIfNeeded: code) & 0xF
    bytes[index >> 1] = bytes[index >> 1] & ~(0xF << shift) | half << shift
  }
}
