import Foundation
import Testing

@testable import Datasets

@Suite struct SHA256Tests {
  /// - Source: FIPS 180-4 examples and the NIST short-message vectors.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
        + "lmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func agreesWithThePublishedVectors(text: String, digest: String) {
    #expect(SHA256.hexDigest(of: Array(text.utf8)) == digest)
  }

  @Test func digestsAMillionLetters() {
    #expect(
      SHA256.hexDigest(of: Array(repeating: UInt8(ascii: "a"), count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test(arguments: [1, 7, 55, 56, 63, 64, 65, 128, 200])
  func piecesOfAnySizeGiveTheSameDigest(size: Int) {
    let bytes = (0..<500).map { UInt8(truncatingIfNeeded: $0 * 31) }
    var digest = SHA256()
    for start in stride(from: 0, to: bytes.count, by: size) {
      digest.update(Array(bytes[start..<min(start + size, bytes.count)]))
    }
    #expect(digest.finalizeAsText() == SHA256.hexDigest(of: bytes))
  }

  @Test func aFileHasTheDigestOfItsBytes() throws {
    let path = TestData.path("digits.npz")
    let bytes = try Data(contentsOf: URL(filePath: path))
    let (digest, byteCount) = try SHA256.hexDigest(ofFile: path)
    #expect(digest == SHA256.hexDigest(of: Array(bytes)))
    #expect(byteCount == bytes.count)
  }
}
