import CKernels
import Testing

@testable import Kernels

@Suite struct InstructionSetTests {
  @Test(arguments: InstructionSet.available)
  func whatItNamesRunsHere(isa: InstructionSet) {
    for other in [isa.forFloats, isa.forCodes, isa.general] {
      #expect(InstructionSet.available.contains(other))
      #expect(kern_isa_includes(isa.kernelIsa, other.kernelIsa))
    }
  }

  /// A set that adds products in 16 bits needs packing's proofs, which the others are not given.
  @Test func proofsAreMadeForThoseThatNeedThem() {
    let withProofs = InstructionSet.allCases.filter { !$0.hasDotProduct }
    #expect(withProofs == [.scalar, .avx2, .avx512])
  }

  @Test func inclusionIsAnOrder() {
    for isa in InstructionSet.allCases {
      #expect(kern_isa_includes(isa.kernelIsa, isa.kernelIsa))
      #expect(kern_isa_includes(isa.kernelIsa, KERN_SCALAR))
      for other in InstructionSet.allCases where other != isa {
        let includes = kern_isa_includes(isa.kernelIsa, other.kernelIsa)
        #expect(!includes || !kern_isa_includes(other.kernelIsa, isa.kernelIsa))
        for third in InstructionSet.allCases
        where includes && kern_isa_includes(other.kernelIsa, third.kernelIsa) {
          #expect(kern_isa_includes(isa.kernelIsa, third.kernelIsa))
        }
      }
    }
    #expect(!kern_isa_includes(KERN_AVX512VNNI, KERN_AVXVNNI))
    #expect(!kern_isa_includes(KERN_NEON, KERN_AVX2))
  }

  @Test func aRefusalNamesWhatRuns() {
    for isa in InstructionSet.allCases where !InstructionSet.available.contains(isa) {
      #expect(isa.refusal.contains("cannot run \(isa.rawValue) kernels"))
      for other in InstructionSet.available { #expect(isa.refusal.contains(other.rawValue)) }
    }
  }
}
