package import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why a session could not be read or written.
package enum SessionError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case notASession(path: String, reason: String)
  case newerFormat(path: String, found: Int, newest: Int)
  case notWritten(path: String, reason: String)

  package var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "Cannot read '\(path)': \(reason). Check the path and its permissions."
    case .notASession(let path, let reason):
      "'\(path)' is not a readable octet session: \(reason). Open the model itself to start anew."
    case .newerFormat(let path, let found, let newest):
      "'\(path)' has session format \(found), and this octet reads up to \(newest)."
        + " Open it with a newer octet."
    case .notWritten(let path, let reason):
      "Could not write '\(path)': \(reason). What was there before is untouched;"
        + " save elsewhere with :save PATH."
    }
  }
}

/// A session on disk: read, written atomically, and autosaved beside itself.
package struct SessionFile: Equatable, Sendable {
  package let path: String

  package init(path: String) { self.path = path }

  /// Where unsaved work is kept: `.NAME.autosave` in the same folder.
  package var autosavePath: String {
    let url = URL(fileURLWithPath: path)
    return url.deletingLastPathComponent()
      .appendingPathComponent(".\(url.lastPathComponent).autosave").path
  }

  package func read() throws(SessionError) -> Session { try Self.read(path) }

  package func readAutosave() throws(SessionError) -> Session { try Self.read(autosavePath) }

  /// Whether an autosave holds something that the session does not.
  package var hasAutosave: Bool { FileManager.default.fileExists(atPath: autosavePath) }

  package func write(_ session: Session) throws(SessionError) {
    try Self.writeAtomically(try Self.encode(session, path: path), to: path)
    removeAutosave()
  }

  package func writeAutosave(_ session: Session) throws(SessionError) {
    try Self.writeAtomically(try Self.encode(session, path: autosavePath), to: autosavePath)
  }

  package func removeAutosave() {
    unlink(autosavePath)
  }

  /// - Parameter path: names the file in errors only.
  package static func decode(_ data: Data, path: String) throws(SessionError) -> Session {
    struct Header: Decodable {
      let format: String?
      let version: Int?
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    do {
      let header = try decoder.decode(Header.self, from: data)
      guard header.format == "octet session", let version = header.version else {
        throw SessionError.notASession(path: path, reason: "it does not say \"octet session\"")
      }
      guard version > 0 else {
        throw SessionError.notASession(path: path, reason: "there is no format \(version)")
      }
      guard version <= Session.currentVersion else {
        throw SessionError.newerFormat(
          path: path, found: version, newest: Session.currentVersion)
      }
      return try decoder.decode(Session.self, from: data)
    } catch let error as SessionError {
      throw error
    } catch let error as DecodingError {
      throw SessionError.notASession(path: path, reason: error.place)
    } catch {
      throw SessionError.notASession(path: path, reason: "\(error)")
    }
  }

  package static func encode(_ session: Session, path: String) throws(SessionError) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    do {
      return try encoder.encode(session)
    } catch {
      throw .notWritten(path: path, reason: "\(error)")
    }
  }

  private static func read(_ path: String) throws(SessionError) -> Session {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw .unreadable(path: path, reason: "no such file, or not allowed")
    }
    return try decode(data, path: path)
  }

  /// Writes beside `path`, flushes to the disk, and only then takes the name.
  static func writeAtomically(_ data: Data, to path: String) throws(SessionError) {
    let temporary = path + ".tmp-\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .notWritten(path: path, reason: String(cString: strerror(errno)))
    }
    var failure: String?
    data.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count, failure == nil {
        let count = Glibc.write(
          descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
        if count > 0 {
          written += count
        } else if count == 0 || errno != EINTR {
          failure = String(cString: strerror(errno))
        }
      }
    }
    if failure == nil, fsync(descriptor) != 0, errno != EINVAL {
      failure = String(cString: strerror(errno))
    }
    if close(descriptor) != 0, failure == nil { failure = String(cString: strerror(errno)) }
    if failure == nil, rename(temporary, path) != 0 { failure = String(cString: strerror(errno)) }
    if let failure {
      unlink(temporary)
      throw .notWritten(path: path, reason: failure)
    }
  }
}

extension DecodingError {
  /// Where in the document, and what was wrong there.
  fileprivate var place: String {
    func path(_ context: Context) -> String {
      let keys = context.codingPath.map(\.stringValue).joined(separator: ".")
      return keys.isEmpty ? "the document" : keys
    }
    switch self {
    case .typeMismatch(_, let context): return "\(path(context)) has the wrong type"
    case .valueNotFound(_, let context): return "\(path(context)) is empty"
    case .keyNotFound(let key, let context): return "\(path(context)) lacks \(key.stringValue)"
    case .dataCorrupted(let context): return "\(path(context)) is not valid JSON for a session"
    @unknown default: return "\(self)"
    }
  }
}
