/// Why a theme could not be used, phrased for the person who wrote it.
package enum ThemeError: Error, Hashable, CustomStringConvertible {
  case unreadable(file: String, reason: String)
  case unknownTheme(name: String, known: [String], nearest: String?)
  case syntax(file: String, line: Int, column: Int, reason: String)
  case unknownKey(file: String, line: Int, key: String, nearest: String?)
  case wrongType(file: String, line: Int, key: String, expected: String)
  case badValue(file: String, line: Int, key: String, word: String, reason: String)

  package var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(file): cannot be read: \(reason)."
    case .unknownTheme(let name, let known, let nearest):
      "There is no theme '\(name)'." + (nearest.map { " Did you mean '\($0)'?" } ?? "")
        + " Known are \(known.joined(separator: ", ")); a file is named by its path."
    case .syntax(let file, let line, let column, let reason):
      "\(file):\(line):\(column): not valid TOML: \(reason)."
    case .unknownKey(let file, let line, let key, let nearest):
      "\(file):\(line): unknown key '\(key)'."
        + (nearest.map { " Did you mean '\($0)'?" }
          ?? " themes/default.toml documents every key.")
    case .wrongType(let file, let line, let key, let expected):
      "\(file):\(line): '\(key)' must be \(expected)."
    case .badValue(let file, let line, let key, let word, let reason):
      "\(file):\(line): '\(key)': '\(word)' \(reason)."
    }
  }
}
