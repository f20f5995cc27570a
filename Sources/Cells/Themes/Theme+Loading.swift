import Foundation
import TOMLKit

extension Theme {
  /// Reads the theme file at a path.
  package static func load(path: String) throws(ThemeError) -> Theme {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      let exists = FileManager.default.fileExists(atPath: path)
      throw .unreadable(
        file: path, reason: exists ? "it is not a UTF-8 text file you may read" : "no such file")
    }
    return try load(toml: text, file: path)
  }

  /// Reads a theme: `name`, `summary`, and a table `[styles]` with a key for each role.
  ///
  /// A role that is left out looks as in ``builtIn``, over the background of `plain`. Errors call
  /// the text by the name `file`.
  package static func load(toml: String, file: String) throws(ThemeError) -> Theme {
    let source = ThemeSource(text: toml, file: file)
    let table = try source.parse()
    if let key = table.keys.first(where: { !["name", "summary", "styles"].contains($0) }) {
      throw source.unknown(key, in: ["name", "summary", "styles"] + Role.allCases.map(\.rawValue))
    }
    let stem = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
    let name = try source.string("name", in: table) ?? stem
    let summary = try source.string("summary", in: table) ?? ""
    var texts: [Role: String] = [:]
    if table.contains(key: "styles") {
      guard let styles = table["styles"]?.table else {
        throw source.wrongType("styles", "a table: [styles]")
      }
      for key in styles.keys {
        guard let role = Role(rawValue: key) else {
          throw source.unknown(key, in: Role.allCases.map(\.rawValue))
        }
        texts[role] = try source.string(key, in: styles)
      }
    }
    return try Theme(name: name, summary: summary, texts: texts, source: source)
  }

  private init(
    name: String, summary: String, texts: [Role: String], source: ThemeSource
  ) throws(ThemeError) {
    func read(_ role: Role, over background: TerminalColor) throws(ThemeError) -> Appearance {
      guard let text = texts[role] else {
        var inherited = Theme.builtIn.appearance(of: Style(role))
        if inherited.background == .standard { inherited.background = background }
        return inherited
      }
      do throws(Appearance.Mistake) {
        return try Appearance(text, background: background)
      } catch {
        throw source.bad(role.rawValue, error)
      }
    }
    let plain = try read(.plain, over: .standard)
    var appearances: [Role: Appearance] = [:]
    for role in Role.allCases {
      var appearance = try read(role, over: plain.background)
      if texts[role] == nil, appearance.foreground == .standard {
        appearance.foreground = plain.foreground
      }
      appearances[role] = appearance
    }
    self.init(name: name, summary: summary, appearances: appearances)
  }
}

/// The text of a theme file, which knows where its keys stand.
struct ThemeSource {
  let text: String
  let file: String

  func parse() throws(ThemeError) -> TOMLTable {
    do {
      return try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      let begin = error.source.begin
      throw .syntax(
        file: file, line: Int(begin.line), column: Int(begin.column), reason: error.description)
    } catch {
      throw .unreadable(file: file, reason: String(describing: error))
    }
  }

  /// The string of a key, if the key is there.
  func string(_ key: String, in table: TOMLTable) throws(ThemeError) -> String? {
    guard let value = table[key] else { return nil }
    guard let string = value.string else { throw wrongType(key, "a text in quotes") }
    return string
  }

  func unknown(_ key: String, in known: [String]) -> ThemeError {
    .unknownKey(
      file: file, line: line(of: key), key: key, nearest: Spelling.nearest(to: key, in: known))
  }

  func wrongType(_ key: String, _ expected: String) -> ThemeError {
    .wrongType(file: file, line: line(of: key), key: key, expected: expected)
  }

  func bad(_ key: String, _ mistake: Appearance.Mistake) -> ThemeError {
    .badValue(
      file: file, line: line(of: key), key: key, word: mistake.word, reason: mistake.reason)
  }

  /// The line on which a key is set, from 1. The parser tells places only in its own errors; keys
  /// of a theme stand at the start of a line, quoted or not, or in a header.
  private func line(of key: String) -> Int {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let index = lines.firstIndex { line in
      let line = line.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "'" }
      return line.hasPrefix(key + "=") || line.hasPrefix("[\(key)]") || line.hasPrefix(key + ".")
        || line.hasPrefix("[styles.\(key)]") || line.hasPrefix("styles.\(key)=")
    }
    return (index ?? 0) + 1
  }
}
