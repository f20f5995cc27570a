/// The upper half of a float32: its range, with 8 bits of precision.
package struct BFloat16: Hashable, Sendable, BitwiseCopyable {
  package var bitPattern: UInt16

  package init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// The nearest value, halves to even.
  package init(_ value: Float) {
    guard !value.isNaN else {
      // Set a bit that remains, so that no NaN becomes an infinity.
      bitPattern = UInt16(value.bitPattern >> 16) | 0x40
      return
    }
    let bits = value.bitPattern
    let rounded = UInt64(bits) + 0x7FFF + UInt64(bits >> 16 & 1)
    bitPattern = UInt16(rounded >> 16)
  }

  /// The nearest value, rounded once.
  package init(_ value: Double) {
    var near = Float(value)
    if near.bitPattern & 0xFFFF == 0x8000, Double(near) != value, near.isFinite {
      // A tie only because of the first rounding: step off it, towards the value.
      let grows = abs(value) > Double(abs(near))
      near = Float(bitPattern: grows ? near.bitPattern + 1 : near.bitPattern - 1)
    }
    self.init(near)
  }

  package var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}

extension BFloat16: TensorElement { package static var elementType: ElementType { .bfloat16 } }
extension Float16: TensorElement { package static var elementType: ElementType { .float16 } }
