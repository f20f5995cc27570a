import Datasets
import Kernels
import Testing

/// The processor's instructions against the digest in Swift.
@Suite(.enabled(if: DigestKernel.sha256 != nil)) struct DigestKernelTests {
  @Test(arguments: [0, 1, 55, 56, 63, 64, 65, 127, 128, 1000, 100_003])
  func everyLengthHasTheSameDigest(length: Int) {
    let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * $0 + $0 / 7) }
    for piece in [17, 64, 200, 1 << 20] {
      var digest = SHA256(mixer: DigestKernel.sha256)
      for start in stride(from: 0, to: length, by: piece) {
        digest.update(Array(bytes[start..<min(start + piece, length)]))
      }
      #expect(digest.finalizeAsText() == SHA256.hexDigest(of: bytes))
    }
  }

  /// - Source: FIPS 180-4 examples.
  @Test func agreesWithThePublishedVector() {
    var digest = SHA256(mixer: DigestKernel.sha256)
    digest.update(Array("abc".utf8))
    #expect(
      digest.finalizeAsText()
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
