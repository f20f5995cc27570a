internal import CKernels

/// Digests with the instructions that some processors have for them.
package enum DigestKernel {
  /// Takes blocks, how many they are, and the state.
  package typealias Mixer =
    @Sendable (UnsafePointer<UInt8>, Int, UnsafeMutablePointer<UInt32>) ->
    Void

  /// Mixes blocks of 64 bytes, so many of them, into the eight words of a SHA-256 state; `nil` on a
  /// processor without such instructions.
  package static let sha256: Mixer? = {
    guard let mix = kern_mix_sha256() else { return nil }
    return { blocks, count, state in mix(blocks, count, state) }
  }()
}
