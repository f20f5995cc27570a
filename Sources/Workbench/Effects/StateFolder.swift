import Foundation

/// `$XDG_STATE_HOME/octet`: recent sessions, autosaves of unnamed sessions, the log file.
package struct StateFolder: Sendable {
  package let path: String

  package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let base =
      environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
      ?? (environment["HOME"] ?? "/tmp") + "/.local/state"
    path = base + "/octet"
  }

  /// Makes the folder; `false` where it cannot be, and then nothing is remembered.
  package func prepare() -> Bool {
    (try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true))
      != nil
  }

  /// The session file that stands for a model opened without one.
  package func unnamedSession(model: String, digest: String) -> String {
    "\(path)/\(model)-\(digest.prefix(12)).octet.json"
  }

  package func holds(_ file: String) -> Bool { file.hasPrefix(path + "/") }

  /// Where checkpoints and weights lie that belong to no saved session; `nil` where none can be kept.
  package var trainings: String? {
    let folder = path + "/trainings"
    let isThere =
      (try? FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)) != nil
    return isThere ? folder : nil
  }

  private var recentPath: String { path + "/recent.json" }

  /// Session and model paths, latest first, that still exist.
  package func recent() -> [String] {
    guard let data = FileManager.default.contents(atPath: recentPath),
      let paths = try? JSONDecoder().decode([String].self, from: data)
    else { return [] }
    return paths.filter { FileManager.default.fileExists(atPath: $0) }
  }

  /// Puts `file` on top of the recent ones.
  package func remember(_ file: String) {
    let full = URL(fileURLWithPath: file).standardizedFileURL.path
    guard prepare(), !holds(full) else { return }
    let paths = ([full] + recent().filter { $0 != full }).prefix(20)
    if let data = try? JSONEncoder().encode(Array(paths)) {
      try? data.write(to: URL(fileURLWithPath: recentPath), options: .atomic)
    }
  }
}
