import Foundation

/// Writes a file beside its final place and moves it there when it is complete.
enum AtomicFile {
  /// Runs `body` with the path of a new file in the same folder, then renames it to `path`.
  /// Whatever fails, `path` keeps what it held and the new file is removed.
  static func write(
    to path: String, _ body: (_ temporaryPath: String) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).part"
    do throws(DatasetError) {
      try body(temporary)
      guard rename(temporary, path) == 0 else {
        throw .cannotWrite(path: path, reason: InputFile.lastReason())
      }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Writes the pieces one after the other and brings them to the disk.
  static func write(_ pieces: [UnsafeRawBufferPointer], to path: String) throws(DatasetError) {
    try write(to: path) { temporary throws(DatasetError) in
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else {
        throw .cannotWrite(path: path, reason: InputFile.lastReason())
      }
      defer { close(descriptor) }
      for piece in pieces { try append(piece, to: descriptor, path: path) }
      guard fsync(descriptor) == 0 else {
        throw .cannotWrite(path: path, reason: InputFile.lastReason())
      }
    }
  }

  /// Brings what was written to `temporary` to the disk, so that a rename cannot precede it.
  static func synchronize(_ temporary: String, for path: String) throws(DatasetError) {
    let descriptor = open(temporary, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: InputFile.lastReason()) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw .cannotWrite(path: path, reason: InputFile.lastReason())
    }
  }

  /// Writes all of `piece` where the descriptor stands.
  static func append(
    _ piece: UnsafeRawBufferPointer, to descriptor: Int32, path: String
  ) throws(DatasetError) {
    var done = 0
    while done < piece.count {
      guard let start = piece.baseAddress else { return }
      let put = Foundation.write(descriptor, start + done, piece.count - done)
      if put < 0 && errno == EINTR { continue }
      guard put > 0 else { throw .cannotWrite(path: path, reason: InputFile.lastReason()) }
      done += put
    }
  }
}
