/// Bytes a second that go through memory or a cache, in units of 10^9.
package struct Bandwidth: Hashable, Sendable, Codable {
  /// How many bytes each thread goes through, over and over.
  package let byteCount: Int
  package let read: Double
  package let write: Double
  /// Bytes that are read and bytes that are written, together.
  package let copy: Double

  package init(byteCount: Int, read: Double, write: Double, copy: Double) {
    self.byteCount = byteCount
    self.read = read
    self.write = write
    self.copy = copy
  }
}
