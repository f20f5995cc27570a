internal import CKernels

/// The instructions that a kernel is written for; the raw value is what `--isa` takes.
package enum InstructionSet: String, CaseIterable, Sendable {
  /// Plain C: the reference, and what runs on an unknown processor.
  case scalar
  /// AVX2 together with FMA and F16C.
  case avx2
  /// AVX2 with a dot product of codes (AVX-VNNI).
  case avxvnni
  /// AVX-512 F, BW, DQ and VL.
  case avx512
  /// AVX-512 with its dot product and byte permutations (VNNI, VBMI).
  case avx512vnni
  /// AArch64's Advanced SIMD.
  case neon
  /// NEON with its dot product.
  case neondot

  /// Those that this processor has, slowest first; never empty.
  package static let available: [InstructionSet] = allCases.filter {
    kern_isa_supported($0.kernelIsa)
  }

  /// The fastest one that this processor has.
  package static let best: InstructionSet = available.last ?? .scalar

  /// What to tell who asked for it on a processor that lacks it.
  package var refusal: String {
    "This processor cannot run \(rawValue) kernels; it can run "
      + Self.available.map(\.rawValue).joined(separator: ", ") + "."
  }

  /// Whether products of codes and weights are added to 32 bits at once, so that none needs a proof
  /// that 16 bits hold it: by an instruction of its own, or on NEON by widening every pair.
  var hasDotProduct: Bool { codeProduct != nil }

  /// The instruction that does this, and the rows and columns of a tile.
  var codeProduct: (instruction: String, tile: String)? {
    switch self {
    case .scalar, .avx2, .avx512: nil
    case .avxvnni: ("vpdpbusd", "6x16")
    case .avx512vnni: ("vpdpbusd", "12x32")
    case .neon: ("smull", "2x16")
    case .neondot: ("sdot", "4x16")
    }
  }

  /// Whether there are kernels that multiply codes with codes packed while the model runs.
  var packsActivations: Bool { self == .scalar || self == .avx512vnni }

  /// Rows and columns of a tile of a float product.
  var floatTile: String {
    switch self {
    case .scalar, .avx2, .avxvnni: "6x16"
    case .avx512, .avx512vnni: "12x32"
    case .neon, .neondot: "4x16"
    }
  }

  /// Columns of the widest panel of a float product.
  var widestFloatPanel: Int { hasAVX512 ? 32 : 16 }

  /// Whose kernels compute with floats: dot products add nothing to them.
  package var forFloats: InstructionSet {
    switch self {
    case .avxvnni: .avx2
    case .avx512vnni: .avx512
    case .neondot: .neon
    case .scalar, .avx2, .avx512, .neon: self
    }
  }

  /// Whose kernels do arithmetic on codes other than products.
  package var forCodes: InstructionSet {
    switch self {
    case .avxvnni, .avx512: .avx2
    case .neondot: .neon
    case .scalar, .avx2, .avx512vnni, .neon: self
    }
  }

  /// Whose kernels blend lines of pixels: on NEON the compiler makes the same of the reference.
  package var forBlends: InstructionSet { general == .neon ? .scalar : general }

  /// Whose kernels move codes, reduce floats and do what else memory bounds.
  package var general: InstructionSet {
    switch self {
    case .avxvnni, .avx512, .avx512vnni: .avx2
    case .neondot: .neon
    case .scalar, .avx2, .neon: self
    }
  }

  private var hasAVX512: Bool { kern_isa_includes(kernelIsa, KERN_AVX512) }

  var kernelIsa: kern_isa {
    switch self {
    case .scalar: KERN_SCALAR
    case .avx2: KERN_AVX2
    case .avxvnni: KERN_AVXVNNI
    case .avx512: KERN_AVX512
    case .avx512vnni: KERN_AVX512VNNI
    case .neon: KERN_NEON
    case .neondot: KERN_NEONDOT
    }
  }
}
