internal import CKernels

/// The instructions that a kernel is written for; the raw value is what `--isa` takes.
package enum InstructionSet: String, CaseIterable, Sendable {
  /// Plain C: the reference, and what runs on an unknown processor.
  case scalar
  /// AVX2 together with FMA and F16C.
  case avx2
  /// AVX-512 F, BW, DQ and VL.
  case avx512
  /// AVX-512 with its dot product and byte permutations (VNNI, VBMI).
  case avx512vnni

  /// Those that this processor has, slowest first; never empty.
  package static let available: [InstructionSet] = allCases.filter {
    kern_isa_supported($0.kernelIsa)
  }

  /// The fastest one that this processor has.
  package static let best: InstructionSet = available.last ?? .scalar

  /// Whether four products of codes and weights are added to 32 bits at once, so that none needs a
  /// proof that 16 bits hold it.
  var hasDotProduct: Bool { self == .avx512vnni }

  /// Rows and columns of a tile of a float product.
  var floatTile: String { hasAVX512 ? "12x32" : "6x16" }

  /// Columns of the widest panel of a float product.
  var widestFloatPanel: Int { hasAVX512 ? 32 : 16 }

  /// Whose kernels compute with floats: VNNI adds nothing to them.
  package var forFloats: InstructionSet { hasAVX512 ? .avx512 : self }

  /// Whose kernels compute with codes.
  package var forCodes: InstructionSet { self == .avx512 ? .avx2 : self }

  /// Whose kernels move codes, reduce floats and do what else memory bounds.
  package var general: InstructionSet { hasAVX512 ? .avx2 : self }

  private var hasAVX512: Bool { kern_isa_includes(kernelIsa, KERN_AVX512) }

  var kernelIsa: kern_isa {
    switch self {
    case .scalar: KERN_SCALAR
    case .avx2: KERN_AVX2
    case .avx512: KERN_AVX512
    case .avx512vnni: KERN_AVX512VNNI
    }
  }
}
