internal import CKernels

/// The instructions that a kernel is written for; the raw value is what `--isa` takes.
package enum InstructionSet: String, CaseIterable, Sendable {
  /// Plain C: the reference, and what runs on an unknown processor.
  case scalar
  /// AVX2 together with FMA.
  case avx2

  /// Those that this processor has, slowest first; never empty.
  package static let available: [InstructionSet] = allCases.filter {
    kern_isa_supported($0.kernelIsa)
  }

  /// The fastest one that this processor has.
  package static let best: InstructionSet = available.last ?? .scalar

  var kernelIsa: kern_isa {
    switch self {
    case .scalar: KERN_SCALAR
    case .avx2: KERN_AVX2
    }
  }
}
