/// A line of text with a style for each of its parts.
package struct StyledText: Hashable, Sendable, ExpressibleByStringInterpolation {
  package struct Span: Hashable, Sendable {
    package var text: String
    package var style: Style
  }

  package private(set) var spans: [Span]

  package init(_ text: String = "", _ style: Style = .plain) {
    spans = text.isEmpty ? [] : [Span(text: text, style: style)]
  }

  package init(stringLiteral value: String) { self.init(value) }

  package static func + (left: StyledText, right: StyledText) -> StyledText {
    var sum = left
    sum += right
    return sum
  }

  package static func += (left: inout StyledText, right: StyledText) {
    left.spans += right.spans
  }

  package var isEmpty: Bool { spans.isEmpty }
  package var width: Int { spans.reduce(0) { $0 + $1.text.cellWidth } }
  package var plainText: String { spans.map(\.text).joined() }

  /// The same text in one style.
  package func styled(_ style: Style) -> StyledText { StyledText(plainText, style) }

  /// The text cut to `width` columns; what was left out is marked.
  package func truncated(
    toWidth width: Int, _ truncation: Truncation = .tail, glyphs: Glyphs
  ) -> StyledText {
    guard self.width > width else { return self }
    if spans.count == 1, let span = spans.first {
      return StyledText(
        span.text.truncated(toWidth: width, truncation, glyphs: glyphs), span.style)
    }
    // Which characters stay is decided on the whole line, whatever the truncation; then each
    // part keeps those of its own.
    let characters = spans.flatMap { span in span.text.map { ($0, span.style) } }
    let (head, tail, isMarked) = truncation.parts(of: characters.map(\.0), width: width)
    var result = StyledText()
    for (character, style) in characters.prefix(head) { result.append(character, style) }
    if isMarked {
      result.append(glyphs.ellipsis, characters[min(head, characters.count - 1)].1)
    }
    for (character, style) in characters.suffix(tail) { result.append(character, style) }
    return result
  }

  mutating func append(_ character: Character, _ style: Style) {
    if spans.last?.style == style {
      spans[spans.count - 1].text.append(character)
    } else {
      spans.append(Span(text: String(character), style: style))
    }
  }
}

/// Which end of a text that does not fit is given up.
package enum Truncation: Hashable, Sendable {
  case tail
  case middle
  case head
  /// The tail, without a mark.
  case clip

  /// How many characters stay at the head and at the tail, and whether a mark stands between.
  func parts(of characters: [Character], width: Int) -> (head: Int, tail: Int, isMarked: Bool) {
    guard width > 0 else { return (0, 0, false) }
    func count(_ characters: some Sequence<Character>, within limit: Int) -> Int {
      var used = 0
      var count = 0
      for character in characters {
        used += character.cellWidth
        guard used <= limit else { break }
        count += 1
      }
      return count
    }
    switch self {
    case .clip: return (count(characters, within: width), 0, false)
    case .tail: return (count(characters, within: width - 1), 0, true)
    case .head: return (0, count(characters.reversed(), within: width - 1), true)
    case .middle:
      let head = count(characters, within: (width - 1) / 2)
      let used = characters.prefix(head).reduce(0) { $0 + $1.cellWidth }
      return (head, count(characters.reversed(), within: width - 1 - used), true)
    }
  }
}

extension String {
  /// The text cut to `width` columns; what was left out is marked.
  package func truncated(
    toWidth width: Int, _ truncation: Truncation = .tail, glyphs: Glyphs
  ) -> String {
    guard cellWidth > width else { return self }
    let characters = Array(self)
    let (head, tail, isMarked) = truncation.parts(of: characters, width: width)
    return String(characters.prefix(head)) + (isMarked ? String(glyphs.ellipsis) : "")
      + String(characters.suffix(tail))
  }

  /// The text with blanks up to `width` columns; longer text stays as it is.
  package func padded(toWidth width: Int, _ alignment: Alignment = .leading) -> String {
    let missing = width - cellWidth
    guard missing > 0 else { return self }
    let before =
      switch alignment {
      case .leading: 0
      case .centre: missing / 2
      case .trailing: missing
      }
    return String(repeating: " ", count: before) + self
      + String(repeating: " ", count: missing - before)
  }
}
