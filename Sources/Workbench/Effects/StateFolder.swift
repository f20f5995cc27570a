import Foundation

/// `$XDG_STATE_HOME/octet`: recent sessions, autosaves of unnamed sessions, the log file.
package struct StateFolder: Sendable {
  package let path: String

  package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let base =
      environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
      ?? (environment["HOME"] ?? "/tmp") + "/.local/state"
    path = URL(fileURLWithPath: base + "/octet").standardizedFileURL.path
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

  /// Whether `file` lies below the folder, however its path is spelt.
  package func holds(_ file: String) -> Bool { Self.plain(file).hasPrefix(path + "/") }

  /// Whether octet wrote this checkpoint by itself, and so may remove it.
  package func holdsCheckpoint(_ file: String) -> Bool {
    let url = URL(fileURLWithPath: Self.plain(file))
    return url.pathExtension == "npz" && url.deletingLastPathComponent().path == trainingsPath
  }

  /// Removes a checkpoint, where octet put it there by itself.
  func dropCheckpoint(_ path: String?) {
    guard let path, holdsCheckpoint(path) else { return }
    try? FileManager.default.removeItem(atPath: path)
  }

  /// The folder that octet made for `weights`; `nil` where they lie anywhere else.
  package func weightFolder(of weights: String) -> String? {
    let place = URL(fileURLWithPath: Self.plain(weights)).deletingLastPathComponent()
    return place.deletingLastPathComponent().path == trainingsPath ? place.path : nil
  }

  /// Without `..`, which could lead out of the folder; session files come from anywhere.
  private static func plain(_ file: String) -> String {
    var parts: [Substring] = []
    for part in URL(fileURLWithPath: file).path.split(separator: "/") {
      switch part {
      case ".": continue
      case "..": _ = parts.popLast()
      default: parts.append(part)
      }
    }
    return "/" + parts.joined(separator: "/")
  }

  private var trainingsPath: String { path + "/trainings" }

  /// Where checkpoints and weights lie that belong to no saved session; `nil` where none can be kept.
  package var trainings: String? {
    let isThere =
      (try? FileManager.default.createDirectory(
        atPath: trainingsPath, withIntermediateDirectories: true)) != nil
    return isThere ? trainingsPath : nil
  }

  /// For weights that were kept, until a session is saved.
  func newWeightFolder() -> String? {
    guard let folder = trainings else { return nil }
    let path = "\(folder)/\(UUID().uuidString.prefix(8).lowercased())"
    let isThere =
      (try? FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true)) != nil
    return isThere ? path : nil
  }

  /// A name that no other training has; old ones that nobody asked for again are cleared away.
  func newCheckpoint(of model: String) -> String? {
    guard let folder = trainings else { return nil }
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for file in files {
      let path = "\(folder)/\(file)"
      let changed =
        (try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate]) as? Date
      if let changed, changed.timeIntervalSinceNow < -Self.longest {
        try? FileManager.default.removeItem(atPath: path)
      }
    }
    return "\(folder)/\(model)-\(UUID().uuidString.prefix(8).lowercased()).npz"
  }

  /// Sixty days.
  private static let longest = 60.0 * 24 * 3600

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
