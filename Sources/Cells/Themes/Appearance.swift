/// How a role looks.
package struct Appearance: Hashable, Sendable {
  package var foreground: TerminalColor
  package var background: TerminalColor
  package var attributes: Attributes

  package init(
    foreground: TerminalColor = .standard, background: TerminalColor = .standard,
    attributes: Attributes = []
  ) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }

  static let attributeNames: [(name: String, attribute: Attributes)] = [
    ("bold", .bold), ("underline", .underline), ("reverse", .reverse), ("dim", .dim),
    ("italic", .italic),
  ]

  /// What is wrong in the text of an appearance.
  struct Mistake: Error {
    let word: String
    let reason: String
  }

  /// Reads `FOREGROUND [on BACKGROUND] [bold] [underline] [reverse] [dim] [italic]`, every part of
  /// it optional; a missing background is `background`.
  init(_ text: String, background: TerminalColor) throws(Mistake) {
    self.init(background: background)
    var words = text.split(separator: " ").map(String.init)[...]
    var isColourGiven = false
    while let word = words.popFirst() {
      if word == "on" {
        guard let next = words.popFirst() else {
          throw Mistake(word: word, reason: "must be followed by a background colour")
        }
        self.background = try Appearance.color(next)
      } else if let named = Appearance.attributeNames.first(where: { $0.name == word }) {
        attributes.insert(named.attribute)
      } else if isColourGiven {
        throw Mistake(
          word: word, reason: "comes after a colour, where only 'on COLOUR' or an attribute may")
      } else {
        foreground = try Appearance.color(word)
        isColourGiven = true
      }
    }
  }

  private static func color(_ word: String) throws(Mistake) -> TerminalColor {
    if let color = TerminalColor(word) { return color }
    let known = ["default"] + TerminalColor.names + attributeNames.map(\.name)
    let hint = Spelling.nearest(to: word, in: known).map { "; did you mean '\($0)'?" } ?? ""
    throw Mistake(
      word: word,
      reason: "is neither a colour (a name, 0 to 255, #rrggbb) nor an attribute" + hint)
  }
}
