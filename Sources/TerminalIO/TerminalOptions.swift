package import Cells

/// What a person asked for; the environment decides the rest.
package struct TerminalOptions: Hashable, Sendable {
  package enum Color: Hashable, Sendable {
    /// As many as the terminal has, unless `NO_COLOR` or `CLICOLOR=0` is set.
    case automatic
    case never
  }

  package var color: Color
  /// `nil` draws with what the locale and the terminal allow.
  package var glyphs: Glyphs?
  package var usesMouse: Bool

  package init(color: Color = .automatic, glyphs: Glyphs? = nil, usesMouse: Bool = false) {
    self.color = color
    self.glyphs = glyphs
    self.usesMouse = usesMouse
  }
}

/// What the environment says about the terminal.
struct TerminalEnvironment {
  let variables: [String: String]

  /// The terminal's name; `nil` where it has none or says that it shows no screens.
  var term: String? {
    let term = variables["TERM"] ?? ""
    return ["", "dumb", "unknown"].contains(term) ? nil : term
  }

  /// Names to try: the terminal's own, then what nearly all terminals understand.
  var terminfoNames: [String] { (term.map { [$0] } ?? []) + ["xterm-256color", "xterm", "ansi"] }

  /// Whether the locale in force is called UTF-8, installed or not.
  var namesUTF8: Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { variables[$0] }.first {
      !$0.isEmpty
    }
    let folded = (locale ?? "").lowercased()
    return folded.contains("utf-8") || folded.contains("utf8")
  }

  /// - Source: no-color.org, "when present and not an empty string"; bixense.com/clicolors.
  var refusesColor: Bool {
    !(variables["NO_COLOR"] ?? "").isEmpty || variables["CLICOLOR"] == "0"
  }

  var hasTrueColor: Bool {
    ["truecolor", "24bit"].contains((variables["COLORTERM"] ?? "").lowercased())
  }

  /// The finest drawing that is likely to be seen as meant.
  func glyphs(isUTF8: Bool) -> Glyphs {
    // The Linux console has 256 or 512 characters, among them neither braille nor eighths.
    isUTF8 && term != "linux" ? .unicode : .ascii
  }

  func depth(colors: Int, options: TerminalOptions) -> ColorDepth {
    if options.color == .never || refusesColor { return .mono }
    switch colors {
    case 256...: return hasTrueColor ? .trueColor : .indexed256
    case 16...: return .indexed16
    case 8...: return .indexed8
    default: return .mono
    }
  }
}
