import Foundation

extension Theme {
  /// The theme of a name, or in a file.
  ///
  /// A name with a slash, or that ends in `.toml`, is a path. Any other is looked for as
  /// `NAME.toml` in the folders, in order; `default` is found without any file.
  package static func find(_ name: String, in folders: [String]) throws(ThemeError) -> Theme {
    if name.contains("/") || name.hasSuffix(".toml") { return try load(path: name) }
    for folder in folders {
      let path = URL(fileURLWithPath: folder).appendingPathComponent(name + ".toml").path
      if FileManager.default.fileExists(atPath: path) { return try load(path: path) }
    }
    if name == builtIn.name { return builtIn }
    let known = names(in: folders)
    throw .unknownTheme(name: name, known: known, nearest: Spelling.nearest(to: name, in: known))
  }

  /// The names that ``find(_:in:)`` finds, sorted.
  package static func names(in folders: [String]) -> [String] {
    var names: Set<String> = [builtIn.name]
    for folder in folders {
      // A folder that is not there holds no themes.
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      names.formUnion(files.filter { $0.hasSuffix(".toml") }.map { String($0.dropLast(5)) })
    }
    return names.sorted()
  }
}
