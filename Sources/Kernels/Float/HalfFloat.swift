internal import CKernels

/// float16, which memory holds as 16 bits, to float32 and back.
package enum HalfFloat {
  package static func widen(
    _ input: UnsafePointer<UInt16>, into output: UnsafeMutablePointer<Float>, count: Int,
    isa: InstructionSet = .best
  ) {
    isa.floatKernels.widen_half(input, output, count)
  }

  /// Rounds to nearest, ties to even; what is too large becomes infinity.
  package static func narrow(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<UInt16>, count: Int,
    isa: InstructionSet = .best
  ) {
    isa.floatKernels.narrow_half(input, output, count)
  }
}
