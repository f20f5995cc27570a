/// The characters drawings are made of.
///
/// Every one takes one cell. A terminal or font that cannot show braille still gets blocks, and
/// one without Unicode gets ASCII; nothing is refused, only drawn more coarsely.
package struct Glyphs: Hashable, Sendable {
  /// How finely a plot can be drawn.
  package enum Plot: Hashable, Sendable {
    /// 2 × 4 dots a cell.
    case braille
    /// 2 × 2 quarters a cell.
    case quadrants
    /// One character a cell.
    case ascii
  }

  package let plot: Plot

  package static let unicode = Glyphs(plot: .braille)
  /// Unicode without braille, for fonts that lack it.
  package static let blocks = Glyphs(plot: .quadrants)
  package static let ascii = Glyphs(plot: .ascii)

  package var isASCII: Bool { plot == .ascii }

  package var ellipsis: Character { isASCII ? "~" : "…" }
  package var sortAscending: Character { isASCII ? "^" : "▲" }
  package var sortDescending: Character { isASCII ? "v" : "▼" }
  package var selectionMarker: Character { isASCII ? ">" : "▶" }
  package var mark: Character { isASCII ? "*" : "●" }
  package var foldOpen: Character { isASCII ? "-" : "▾" }
  package var foldClosed: Character { isASCII ? "+" : "▸" }
  package var check: Character { isASCII ? "y" : "✓" }
  package var cross: Character { isASCII ? "x" : "✗" }
  package var warning: Character { isASCII ? "!" : "▲" }
  package var bullet: Character { isASCII ? "-" : "•" }
  package var arrowUp: Character { isASCII ? "^" : "↑" }
  package var arrowDown: Character { isASCII ? "v" : "↓" }
  package var arrowLeft: Character { isASCII ? "<" : "←" }
  package var arrowRight: Character { isASCII ? ">" : "→" }
  package var times: Character { isASCII ? "x" : "×" }
  package var dot: Character { isASCII ? "." : "·" }
  /// Between the parts of a path: `encoder › 0 › conv`.
  package var separator: Character { isASCII ? "/" : "›" }

  package var horizontal: Character { isASCII ? "-" : "─" }
  package var vertical: Character { isASCII ? "|" : "│" }
  package var topLeft: Character { isASCII ? "+" : "┌" }
  package var topRight: Character { isASCII ? "+" : "┐" }
  package var bottomLeft: Character { isASCII ? "+" : "└" }
  package var bottomRight: Character { isASCII ? "+" : "┘" }
  package var teeLeft: Character { isASCII ? "+" : "├" }
  package var teeRight: Character { isASCII ? "+" : "┤" }

  package var barFull: Character { isASCII ? "#" : "█" }
  package var barEmpty: Character { isASCII ? "." : "░" }
  /// A bar that is set apart without colour: the part outside the clipping range.
  package var barClipped: Character { isASCII ? "x" : "▒" }
  package var scrollTrack: Character { isASCII ? ":" : "│" }
  package var scrollThumb: Character { isASCII ? "#" : "█" }

  /// A column filled from below in eighths: 0 is blank, 8 is full.
  package func column(eighths: Int) -> Character {
    let ladder: [Character] =
      isASCII
      ? [" ", ".", ".", ":", ":", "|", "|", "#", "#"]
      : [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    return ladder[min(max(eighths, 0), 8)]
  }

  /// A row filled from the left in eighths: 0 is blank, 8 is full.
  package func row(eighths: Int) -> Character {
    let ladder: [Character] =
      isASCII
      ? [" ", " ", " ", "-", "-", "=", "=", "#", "#"]
      : [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"]
    return ladder[min(max(eighths, 0), 8)]
  }

  /// The turning mark of a running job; `frame` counts up.
  package func spinner(frame: Int) -> Character {
    let frames: [Character] =
      switch plot {
      case .braille: ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
      case .quadrants: ["▖", "▘", "▝", "▗"]
      case .ascii: ["|", "/", "-", "\\"]
      }
    return frames[((frame % frames.count) + frames.count) % frames.count]
  }

  /// The one-cell ASCII character that says nearly the same, if there is one.
  static func asciiRelative(of character: Character) -> Character? {
    switch character {
    case "…", "≈", "∼": "~"
    case "·", "•", "∙": "."
    case "×", "✗", "✕": "x"
    case "–", "—", "−", "─": "-"
    case "±": "+"
    case "µ", "μ": "u"
    case "→", "›", "▶", "▸", "»", "≥": ">"
    case "←", "‹", "«", "≤": "<"
    case "↑", "▲": "^"
    case "↓", "▼": "v"
    case "⇄", "↔", "≡": "="
    case "│": "|"
    case "’", "‘": "'"
    case "“", "”": "\""
    case "●", "■", "★": "*"
    case "✓": "y"
    case "█", "▒": "#"
    case "\u{A0}": " "
    default: nil
    }
  }
}
