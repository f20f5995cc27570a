import CZip

/// The table of contents of a ZIP file; each reading opens the file anew.
struct ZipArchive: Sendable {
  struct Entry: Sendable {
    let index: UInt64
    let name: String
    let byteCount: Int
  }

  let path: String
  let entries: [Entry]

  /// Deflate never grows data by more than this factor, so a larger claim is a lie.
  private static let greatestRatio = 1032

  init(_ path: String) throws(DatasetError) {
    self.path = path
    let fileByteCount = try InputFile(path).byteCount
    let reader = try ZipReader(path)
    var entries: [Entry] = []
    for index in 0..<reader.entryCount {
      let status = try reader.status(of: index)
      guard status.encryption_method == ZIP_EM_NONE else {
        throw .corruptArchive(path: path, reason: "it is encrypted")
      }
      let (compressed, count) = (status.comp_size, status.size)
      guard compressed <= fileByteCount,
        count <= UInt64(Self.greatestRatio) * compressed + 64, let name = status.name
      else {
        throw .corruptArchive(
          path: path, reason: "entry \(index) claims \(count) bytes from \(compressed)")
      }
      entries.append(Entry(index: index, name: String(cString: name), byteCount: Int(count)))
    }
    self.entries = entries
  }

  /// Runs `body` with a function that gives the next bytes of one entry.
  ///
  /// The checksum is compared when the last byte was read.
  func reading<Result>(
    _ entry: Entry,
    _ body: (
      _ read: (UnsafeMutableRawBufferPointer) throws(DatasetError) -> Void
    ) throws(DatasetError) -> Result
  ) throws(DatasetError) -> Result {
    let reader = try ZipReader(path)
    let member = try reader.open(entry)
    defer { zip_fclose(member) }
    var total = 0
    let result = try body { buffer throws(DatasetError) in
      var done = 0
      while done < buffer.count {
        let got = zip_fread(
          member, buffer.baseAddress.map { $0 + done }, UInt64(buffer.count - done))
        guard got > 0 else { throw failure(of: member, entry, isShort: got == 0) }
        done += Int(got)
      }
      total += done
    }
    // libzip compares the checksum only when it is asked for more than there is.
    var beyond: UInt8 = 0
    guard total < entry.byteCount || zip_fread(member, &beyond, 1) == 0 else {
      throw failure(of: member, entry, isShort: false)
    }
    return result
  }

  private func failure(of member: OpaquePointer, _ entry: Entry, isShort: Bool) -> DatasetError {
    let reason = String(cString: zip_error_strerror(zip_file_get_error(member)))
    return .corruptArchive(
      path: path, reason: isShort ? "'\(entry.name)' ends too early" : "'\(entry.name)': \(reason)")
  }
}

/// An open handle of libzip, closed without writing when it goes out of scope.
private struct ZipReader: ~Copyable {
  private let path: String
  private let archive: OpaquePointer

  init(_ path: String) throws(DatasetError) {
    var code: Int32 = 0
    guard let archive = zip_open(path, ZIP_RDONLY, &code) else {
      throw .corruptArchive(path: path, reason: Self.reason(code))
    }
    self.path = path
    self.archive = archive
  }

  deinit { zip_discard(archive) }

  var entryCount: UInt64 { UInt64(max(zip_get_num_entries(archive, 0), 0)) }

  func status(of index: UInt64) throws(DatasetError) -> zip_stat {
    var status = zip_stat()
    let needed = UInt64(ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE)
    guard zip_stat_index(archive, index, 0, &status) == 0, status.valid & needed == needed else {
      throw .corruptArchive(path: path, reason: "entry \(index) has no name or size")
    }
    return status
  }

  func open(_ entry: ZipArchive.Entry) throws(DatasetError) -> OpaquePointer {
    guard let member = zip_fopen_index(archive, entry.index, 0) else {
      throw .corruptArchive(
        path: path,
        reason: "'\(entry.name)': \(String(cString: zip_error_strerror(zip_get_error(archive))))")
    }
    return member
  }

  static func reason(_ code: Int32) -> String {
    var error = zip_error_t()
    zip_error_init_with_code(&error, code)
    defer { zip_error_fini(&error) }
    return String(cString: zip_error_strerror(&error))
  }
}
