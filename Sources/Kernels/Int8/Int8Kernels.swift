internal import CKernels

/// The int8 kernels of one instruction set that have no constants to pack.
///
/// Codes are uint8 throughout; int8 tensors are moved by 128 at the edges (`offset`).
package struct Int8Kernels: Hashable, Sendable {
  package let isa: InstructionSet

  package init(isa: InstructionSet = .best) { self.isa = isa }

  var table: kern_int8_table { kern_int8_table_for(isa.kernelIsa).pointee }

  /// Elements that are worth a thread.
  static let grain = 1 << 14

  /// `output[i] = table[input[i]]`.
  /// - `table`: 256 codes.
  /// - `output`: may be `input`.
  package func lookUp(
    _ table: UnsafePointer<UInt8>, _ input: UnsafePointer<UInt8>,
    _ output: UnsafeMutablePointer<UInt8>, count: Int, pool: ThreadPool
  ) {
    let kernel = self.table.table_u8
    pool.parallel(count, grain: Self.grain) { range in
      kernel(table, input + range.lowerBound, output + range.lowerBound, range.count)
    }
  }

  /// `clamp(rint(x / scale) + zeroPoint, 0, 255)`, halves to even; NaN becomes the zero point.
  /// - `zeroPoint`: of the uint8 codes, 0...255.
  package func quantize(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<UInt8>, count: Int, scale: Float,
    zeroPoint: Int32, pool: ThreadPool
  ) {
    precondition((0...255).contains(zeroPoint), "zero point \(zeroPoint) is no code")
    let kernel = table.quantize_f32_u8
    pool.parallel(count, grain: Self.grain) { range in
      kernel(input + range.lowerBound, output + range.lowerBound, range.count, scale, zeroPoint)
    }
  }

  /// `(q - zeroPoint) * scale`, rounded to float.
  package func dequantize(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<Float>, count: Int, scale: Float,
    zeroPoint: Int32, pool: ThreadPool
  ) {
    let kernel = table.dequantize_u8_f32
    pool.parallel(count, grain: Self.grain) { range in
      kernel(input + range.lowerBound, output + range.lowerBound, range.count, scale, zeroPoint)
    }
  }

  /// `output[i] = input[i] + offset` modulo 256; 128 turns int8 codes into uint8 and back.
  /// - `output`: may be `input`.
  package func offset(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, count: Int,
    by offset: UInt8, pool: ThreadPool
  ) {
    let kernel = table.offset_u8
    pool.parallel(count, grain: Self.grain) { range in
      kernel(input + range.lowerBound, output + range.lowerBound, range.count, offset)
    }
  }

  /// The table that turns codes of one scale and zero point into codes of another:
  /// `clamp(rint((q - zeroPoint) * (scale / outputScale)) + outputZeroPoint, 0, 255)`.
  package static func requantizationTable(
    scale: Float, zeroPoint: UInt8, outputScale: Float, outputZeroPoint: UInt8
  ) -> [UInt8] {
    let change = Requantization(
      multipliers: [scale / outputScale], inputZeroPoint: 0,
      outputZeroPoint: Int32(outputZeroPoint))
    return (0..<256).map { change.code(of: Int32($0) - Int32(zeroPoint), channel: 0) }
  }
}
