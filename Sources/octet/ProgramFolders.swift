import Cells
import Foundation

/// Themes by name: the user's own, then those beside the program.
struct ThemeFolder {
  /// - Parameter name: a name, a file, or `nil` for the terminal's own colours.
  func theme(_ name: String?) throws -> Theme {
    guard let name, name != "default" else { return .builtIn }
    let path = name.contains("/") || name.hasSuffix(".toml") ? name : find(name)
    guard let path, let data = FileManager.default.contents(atPath: path) else {
      throw ThemeMissing(name: name, known: names)
    }
    return try Theme.load(toml: String(decoding: data, as: UTF8.self), file: path)
  }

  private var folders: [String] {
    let environment = ProcessInfo.processInfo.environment
    let config = environment["XDG_CONFIG_HOME"] ?? (environment["HOME"] ?? "") + "/.config"
    return [config + "/octet/themes"] + ProgramFolder.ancestors(holding: "themes")
  }

  private var names: [String] {
    let files = folders.flatMap { folder in
      (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
    return Set(files.filter { $0.hasSuffix(".toml") }.map { String($0.dropLast(5)) }).sorted()
  }

  private func find(_ name: String) -> String? {
    folders.map { "\($0)/\(name).toml" }.first { FileManager.default.fileExists(atPath: $0) }
  }
}

struct ThemeMissing: Error, CustomStringConvertible {
  let name: String
  let known: [String]
  var description: String {
    "There is no theme '\(name)'. Known: \(known.joined(separator: ", ")); or give a TOML file."
  }
}

/// The sample sessions that come with the program.
enum SampleFolder {
  static func sessions() -> [String] {
    ProgramFolder.ancestors(holding: "sessions").flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        .filter { $0.hasSuffix(".octet.json") && !$0.hasPrefix(".") }.sorted()
        .map { "\(folder)/\($0)" }
    }
  }
}

/// Folders near the program and the working directory.
enum ProgramFolder {
  /// `NAME` folders in the working directory, beside the program, and above it.
  static func ancestors(holding name: String) -> [String] {
    let program =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    var candidates = [FileManager.default.currentDirectoryPath]
    var folder = URL(fileURLWithPath: program).deletingLastPathComponent()
    for _ in 0..<4 {
      candidates.append(folder.path)
      candidates.append(folder.appendingPathComponent("share/octet").path)
      folder = folder.deletingLastPathComponent()
    }
    var seen: Set<String> = []
    return candidates.map { $0 + "/" + name }.filter { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        && isFolder.boolValue && seen.insert(path).inserted
    }
  }
}
