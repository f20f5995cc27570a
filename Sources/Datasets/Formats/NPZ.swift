import CZip
package import Tensors

/// Several named arrays in one ZIP file, as `numpy.savez` writes them.
package enum NPZ {
  /// Writes beside `path` first and renames, so that `path` is never half a file.
  ///
  /// The same tensors always give the same bytes: entries carry no time.
  ///
  /// `compressed`: deflates each member as `numpy.savez_compressed` does.
  package static func write(
    _ members: [(name: String, tensor: Tensor)], to path: String, compressed: Bool = false
  ) throws(DatasetError) {
    var parts: [Part] = []
    for member in members {
      let (header, data) = try NPY.parts(of: member.tensor, name: member.name)
      parts.append(Part(name: member.name + ".npy", pieces: [Tensor(header), data]))
    }
    try AtomicFile.write(to: path) { temporary throws(DatasetError) in
      var code: Int32 = 0
      guard let archive = zip_open(temporary, ZIP_CREATE | ZIP_EXCL, &code) else {
        throw .cannotWrite(path: path, reason: InputFile.lastReason())
      }
      do throws(DatasetError) {
        for part in parts { try add(part, to: archive, compressed: compressed, path: path) }
        // libzip reads the borrowed bytes only now.
        let status = withExtendedLifetime(parts) { zip_close(archive) }
        guard status == 0 else { throw lastError(of: archive, path: path) }
      } catch {
        zip_discard(archive)
        throw error
      }
      try AtomicFile.synchronize(temporary, for: path)
    }
  }

  /// One file of the archive: tensors whose bytes follow each other.
  private struct Part {
    let name: String
    let pieces: [Tensor]
  }

  /// Lends the part's bytes to the archive, which must be closed or discarded while they live.
  private static func add(
    _ part: Part, to archive: OpaquePointer, compressed: Bool, path: String
  ) throws(DatasetError) {
    let fragments = part.pieces.map { piece in
      let start = piece.storage.base.assumingMemoryBound(to: UInt8.self) + piece.byteOffset
      return zip_buffer_fragment_t(data: start, length: UInt64(piece.byteCount))
    }
    guard let source = zip_source_buffer_fragment(archive, fragments, UInt64(fragments.count), 0)
    else { throw lastError(of: archive, path: path) }
    let index = zip_file_add(archive, part.name, source, ZIP_FL_ENC_UTF_8)
    guard index >= 0 else {
      zip_source_free(source)
      throw lastError(of: archive, path: path)
    }
    let method = compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE
    // 1980-01-01 00:00, the first moment that a ZIP file can name.
    guard zip_set_file_compression(archive, UInt64(index), method, 0) == 0,
      zip_file_set_dostime(archive, UInt64(index), 0, 0x21, 0) == 0
    else { throw lastError(of: archive, path: path) }
  }

  private static func lastError(of archive: OpaquePointer, path: String) -> DatasetError {
    .cannotWrite(
      path: path, reason: String(cString: zip_error_strerror(zip_get_error(archive))))
  }
}
