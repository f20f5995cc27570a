/// Bytes that tensors share; aligned to a cache line when allocated here.
///
/// `@unchecked`: the bytes are written only while one `Tensor` holds the storage alone
/// (`Tensor` copies before it writes), so a shared storage is never written.
package final class TensorStorage: @unchecked Sendable {
  package let base: UnsafeMutableRawPointer
  package let byteCount: Int
  /// Whether somebody else owns the memory, so that it must not be written.
  package let isBorrowed: Bool
  private let release: @Sendable (UnsafeMutableRawPointer) -> Void

  /// Zeroed memory with 64 spare bytes behind it, so that vector loads may overrun the end.
  package convenience init(byteCount: Int) {
    self.init(uninitializedByteCount: byteCount)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount + Self.slack)
  }

  /// Memory that the caller will write before anyone reads it, with spare bytes behind it.
  package init(uninitializedByteCount byteCount: Int) {
    precondition(byteCount >= 0, "negative byte count \(byteCount)")
    self.byteCount = byteCount
    base = .allocate(byteCount: byteCount + Self.slack, alignment: 64)
    isBorrowed = false
    release = { $0.deallocate() }
  }

  private static let slack = 64

  /// Memory that somebody else owns, such as a mapped file; never written.
  package init(
    borrowing base: UnsafeMutableRawPointer, byteCount: Int,
    release: @escaping @Sendable (UnsafeMutableRawPointer) -> Void
  ) {
    self.base = base
    self.byteCount = byteCount
    isBorrowed = true
    self.release = release
  }

  deinit { release(base) }
}
