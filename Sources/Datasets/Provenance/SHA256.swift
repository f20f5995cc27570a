/// The digest of FIPS 180-4, fed in pieces of any size.
package struct SHA256: Sendable {
  /// Mixes blocks of 64 bytes, so many of them, into the eight words of a state.
  package typealias Mixer =
    @Sendable (UnsafePointer<UInt8>, Int, UnsafeMutablePointer<UInt32>) ->
    Void

  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  /// What did not fill a block yet; always fewer than 64 bytes.
  private var pending: [UInt8] = []
  private var byteCount: UInt64 = 0
  private let mixer: Mixer?

  /// - Parameter mixer: does what this type does itself, faster.
  package init(mixer: Mixer? = nil) { self.mixer = mixer }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    byteCount &+= UInt64(bytes.count)
    var rest = bytes[...]
    if !pending.isEmpty {
      let taken = min(64 - pending.count, rest.count)
      pending.append(contentsOf: rest.prefix(taken))
      rest = rest.dropFirst(taken)
      guard pending.count == 64 else { return }
      compressPending()
      pending.removeAll(keepingCapacity: true)
    }
    let whole = rest.count / 64 * 64
    compress(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)))
    pending.append(contentsOf: rest.dropFirst(whole))
  }

  package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// The 32 bytes of the digest. Nothing may be added afterwards.
  package mutating func finalize() -> [UInt8] {
    let bitCount = byteCount &* 8
    pending.append(0x80)
    while pending.count % 64 != 56 { pending.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      pending.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
    }
    compressPending()
    return state.flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
  }

  /// The digest as 64 lower-case hexadecimal digits.
  package mutating func finalizeAsText() -> String {
    finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  package static func hexDigest(of bytes: [UInt8], mixer: Mixer? = nil) -> String {
    var digest = SHA256(mixer: mixer)
    digest.update(bytes)
    return digest.finalizeAsText()
  }

  /// The digest of a file, which is read in pieces that the cache holds.
  package static func hexDigest(
    ofFile path: String, mixer: Mixer? = nil
  ) throws(DatasetError) -> (digest: String, byteCount: Int) {
    let file = try InputFile(path)
    var digest = SHA256(mixer: mixer)
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { room.deallocate() }
    var offset = 0
    while offset < file.byteCount {
      let piece = UnsafeMutableRawBufferPointer(
        rebasing: room.prefix(min(room.count, file.byteCount - offset)))
      try file.read(into: piece, at: offset)
      digest.update(UnsafeRawBufferPointer(piece))
      offset += piece.count
    }
    return (digest.finalizeAsText(), file.byteCount)
  }

  private mutating func compressPending() {
    let blocks = pending
    blocks.withUnsafeBytes { compress($0) }
  }

  /// Mixes whole blocks into the state.
  private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
    guard let base = blocks.baseAddress else { return }
    guard let mixer else { return Self.mix(base, blocks.count, into: &state) }
    state.withUnsafeMutableBufferPointer { state in
      guard let words = state.baseAddress else { return }
      mixer(base.assumingMemoryBound(to: UInt8.self), blocks.count / 64, words)
    }
  }

  private static func mix(_ base: UnsafeRawPointer, _ byteCount: Int, into state: inout [UInt32]) {
    roundConstants.withUnsafeBufferPointer { constants in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
        guard let constants = constants.baseAddress, let words = schedule.baseAddress else {
          return
        }
        var mixed = State(state)
        for block in stride(from: 0, to: byteCount, by: 64) {
          spread(base + block, into: words)
          mixed.mix(words, constants)
        }
        state = mixed.words
      }
    }
  }

  /// The 64 words that the rounds take, from the 16 of a block.
  private static func spread(_ block: UnsafeRawPointer, into words: UnsafeMutablePointer<UInt32>) {
    for t in 0..<16 {
      words[t] = UInt32(
        bigEndian: block.loadUnaligned(fromByteOffset: 4 &* t, as: UInt32.self))
    }
    for t in 16..<64 {
      let (a, b) = (words[t &- 15], words[t &- 2])
      let small0 = rotated(a, 7) ^ rotated(a, 18) ^ (a >> 3)
      let small1 = rotated(b, 17) ^ rotated(b, 19) ^ (b >> 10)
      words[t] = words[t &- 16] &+ small0 &+ words[t &- 7] &+ small1
    }
  }

  @inline(__always)
  private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word &>> count | word &<< (32 &- count)
  }

  /// The eight words of the state, which stay in registers.
  private struct State {
    private var a, b, c, d, e, f, g, h: UInt32

    init(_ words: [UInt32]) {
      (a, b, c, d) = (words[0], words[1], words[2], words[3])
      (e, f, g, h) = (words[4], words[5], words[6], words[7])
    }

    var words: [UInt32] { [a, b, c, d, e, f, g, h] }

    /// The 64 rounds over one block's words. Eight at a time bring every word back to its name.
    mutating func mix(_ words: UnsafePointer<UInt32>, _ constants: UnsafePointer<UInt32>) {
      var (a, b, c, d) = (a, b, c, d)
      var (e, f, g, h) = (e, f, g, h)
      for t in stride(from: 0, to: 64, by: 8) {
        Self.round(a, b, c, &d, e, f, g, &h, words[t] &+ constants[t])
        Self.round(h, a, b, &c, d, e, f, &g, words[t &+ 1] &+ constants[t &+ 1])
        Self.round(g, h, a, &b, c, d, e, &f, words[t &+ 2] &+ constants[t &+ 2])
        Self.round(f, g, h, &a, b, c, d, &e, words[t &+ 3] &+ constants[t &+ 3])
        Self.round(e, f, g, &h, a, b, c, &d, words[t &+ 4] &+ constants[t &+ 4])
        Self.round(d, e, f, &g, h, a, b, &c, words[t &+ 5] &+ constants[t &+ 5])
        Self.round(c, d, e, &f, g, h, a, &b, words[t &+ 6] &+ constants[t &+ 6])
        Self.round(b, c, d, &e, f, g, h, &a, words[t &+ 7] &+ constants[t &+ 7])
      }
      self.a &+= a
      self.b &+= b
      self.c &+= c
      self.d &+= d
      self.e &+= e
      self.f &+= f
      self.g &+= g
      self.h &+= h
    }

    @inline(__always)
    private static func round(
      _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32,
      _ g: UInt32, _ h: inout UInt32, _ word: UInt32
    ) {
      let large1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
      let large0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
      let first = h &+ large1 &+ (g ^ (e & (f ^ g))) &+ word
      d = d &+ first
      h = first &+ large0 &+ ((a & b) | (c & (a | b)))
    }
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let roundConstants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]
}
