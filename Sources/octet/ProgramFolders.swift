import Cells
import Foundation

/// Where themes lie: the user's own, then those beside the program.
enum ThemeFolders {
  static var all: [String] {
    let environment = ProcessInfo.processInfo.environment
    let config = environment["XDG_CONFIG_HOME"] ?? (environment["HOME"] ?? "") + "/.config"
    return [config + "/octet/themes"] + ProgramFolder.ancestors(holding: "themes")
  }

  /// - Parameter name: a name, a file, or `nil` for the terminal's own colours.
  static func theme(_ name: String?) throws(ThemeError) -> Theme {
    guard let name, name != "default" else { return .builtIn }
    return try Theme.find(name, in: all)
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
