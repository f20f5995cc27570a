import Foundation
import Logging
import Synchronization
import Workbench

/// Appends log lines to one file; starts it anew when it has grown past a megabyte.
final class FileLogStream: Sendable {
  private let handle: Mutex<FileHandle>

  init?(path: String) {
    let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    if size > 1_000_000 || !FileManager.default.fileExists(atPath: path) {
      guard FileManager.default.createFile(atPath: path, contents: nil) else { return nil }
    }
    guard let file = FileHandle(forWritingAtPath: path) else { return nil }
    file.seekToEndOfFile()
    handle = Mutex(file)
  }

  func append(_ line: String) {
    handle.withLock { $0.write(Data((line + "\n").utf8)) }
  }
}

/// Log lines in a file: the screen is taken.
struct FileLogHandler: LogHandler {
  let label: String
  let stream: FileLogStream
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .notice

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let time = ISO8601DateFormatter().string(from: Date())
    stream.append("\(time) \(event.level) \(label): \(event.message)")
  }

  /// Logs to `octet.log` in `folder`, or nowhere when that cannot be written.
  static func start(in folder: StateFolder) {
    guard folder.prepare(), let stream = FileLogStream(path: folder.path + "/octet.log") else {
      return
    }
    LoggingSystem.bootstrap { FileLogHandler(label: $0, stream: stream) }
  }
}
