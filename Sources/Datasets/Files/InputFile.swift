import Foundation

/// A file open for reading at any place; closed when the last reference goes.
final class InputFile: Sendable {
  let path: String
  let byteCount: Int
  private let descriptor: Int32

  init(_ path: String) throws(DatasetError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: Self.lastReason()) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .cannotOpen(path: path, reason: "it is not a regular file")
    }
    self.path = path
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }

  /// Takes over a descriptor that is open for reading.
  init(path: String, adopting descriptor: Int32, byteCount: Int) {
    self.path = path
    self.descriptor = descriptor
    self.byteCount = byteCount
  }

  deinit { close(descriptor) }

  /// Fills `buffer` from `offset` on; a file that ends before that is an error.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DatasetError) {
    var done = 0
    while done < buffer.count {
      guard let start = buffer.baseAddress else { return }
      let got = pread(descriptor, start + done, buffer.count - done, off_t(offset + done))
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw .cannotRead(place: path, reason: Self.lastReason()) }
      guard got > 0 else {
        throw .cannotRead(place: path, reason: "the file ends at byte \(offset + done)")
      }
      done += got
    }
  }

  /// - Precondition: the range lies inside the file.
  func bytes(at offset: Int, count: Int) throws(DatasetError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var failure: DatasetError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(DatasetError) { try read(into: buffer, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }

  /// The whole file.
  ///
  /// `limit`: larger files are refused before memory is taken.
  static func contents(of path: String, limit: Int = 1 << 31) throws(DatasetError) -> [UInt8] {
    let file = try InputFile(path)
    guard file.byteCount <= limit else {
      throw .cannotRead(place: path, reason: "it has \(file.byteCount) bytes, more than \(limit)")
    }
    return try file.bytes(at: 0, count: file.byteCount)
  }

  /// What the system last complained about.
  static func lastReason() -> String { String(cString: strerror(errno)) }
}
