internal import Foundation

/// A file that appears under its name complete, or not at all. Until `commit()` the bytes are in a
/// hidden file beside it, which goes when this goes.
final class AtomicFile {
  let path: String
  private let temporaryPath: String
  private var descriptor: Int32
  private(set) var byteCount = 0

  /// Follows `path` when it is a link, so that the link stays one.
  init(path: String) throws(ExportError) {
    var target = path
    if let resolved = realpath(path, nil) {
      target = String(cString: resolved)
      free(resolved)
    }
    var status = stat()
    let exists = stat(target, &status) == 0
    if exists, status.st_mode & S_IFMT != S_IFREG {
      throw .cannotWrite(path: path, reason: "it is not a file")
    }
    let url = URL(fileURLWithPath: target)
    let name = ".\(url.lastPathComponent).\(getpid())-\(UInt32.random(in: 0 ... .max)).partial"
    temporaryPath = url.deletingLastPathComponent().appendingPathComponent(name).path
    self.path = target
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Self.failure(errno, path) }
    if exists { fchmod(descriptor, status.st_mode & 0o777) }
  }

  deinit { discard() }

  func write(_ bytes: UnsafeRawBufferPointer) throws(ExportError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let buffer = UnsafeRawBufferPointer(rebasing: rest)
      // Linux moves at most 2 GiB in one call.
      let written = Foundation.write(descriptor, buffer.baseAddress, min(buffer.count, 1 << 30))
      if written < 0 {
        if errno == EINTR { continue }
        throw Self.failure(errno, path)
      }
      rest = rest.dropFirst(written)
      byteCount += written
    }
  }

  /// Writes zeros up to the next multiple of `alignment`.
  func pad(to alignment: Int) throws(ExportError) {
    let missing = (alignment - byteCount % alignment) % alignment
    let zeros = [UInt8](repeating: 0, count: missing)
    let result = zeros.withUnsafeBytes { bytes in
      Result { () throws(ExportError) in try write(bytes) }
    }
    try result.get()
  }

  /// Makes the bytes durable, without showing them yet.
  func finish() throws(ExportError) {
    guard descriptor >= 0 else { return }
    // Some file systems tell of a full disk only here.
    let synced = fsync(descriptor) == 0 || errno == EINVAL
    let code = errno
    let closed = close(descriptor) == 0
    let closeCode = errno
    descriptor = -1
    guard synced, closed else {
      discard()
      throw Self.failure(synced ? closeCode : code, path)
    }
  }

  /// Puts the finished file in its place.
  func commit() throws(ExportError) {
    try finish()
    guard rename(temporaryPath, path) == 0 else {
      let code = errno
      discard()
      throw Self.failure(code, path)
    }
  }

  private func discard() {
    if descriptor >= 0 {
      close(descriptor)
      descriptor = -1
    }
    unlink(temporaryPath)
  }

  private static func failure(_ code: Int32, _ path: String) -> ExportError {
    if code == ENOSPC || code == EDQUOT || code == EFBIG { return .diskFull(path: path) }
    return .cannotWrite(path: path, reason: String(cString: strerror(code)))
  }
}
