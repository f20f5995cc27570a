/// Lines of text, wrapped between words.
package struct Paragraph: Widget {
  /// Lines that are to begin anew.
  package var lines: [StyledText]
  /// Wrapped lines above the first that is seen.
  package var offset: Int

  package init(_ lines: [StyledText], offset: Int = 0) {
    self.lines = lines
    self.offset = offset
  }

  /// Line breaks in the text stay.
  package init(_ text: StyledText, offset: Int = 0) {
    self.init(Paragraph.split(text), offset: offset)
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    let wrapped = lines.flatMap { Paragraph.wrap($0, width: area.width) }
    for (row, line) in wrapped.dropFirst(max(offset, 0)).prefix(area.height).enumerated() {
      buffer.write(line, in: area.row(row), truncation: .clip)
    }
  }

  /// How many rows the text takes at this width.
  package func height(width: Int) -> Int {
    lines.reduce(0) { $0 + Paragraph.wrap($1, width: width).count }
  }

  /// A line cut into lines of at most `width` columns, between words where there are any; at least
  /// one line, and blanks at a cut are dropped.
  package static func wrap(_ text: StyledText, width: Int) -> [StyledText] {
    guard width > 0 else { return [StyledText()] }
    let characters = text.spans.flatMap { span in span.text.map { ($0, span.style) } }
    var result: [StyledText] = []
    var start = 0
    repeat {
      var end = start
      var used = 0
      var lastBlank: Int?
      while end < characters.count {
        let character = characters[end].0
        let next = used + character.cellWidth
        if character == " " { lastBlank = end }
        if next > width { break }
        used = next
        end += 1
      }
      if end < characters.count, let blank = lastBlank, blank > start { end = blank }
      if end == start, end < characters.count { end += 1 }  // Too wide for any line.
      var line = StyledText()
      for (character, style) in characters[start..<end] { line.append(character, style) }
      result.append(line)
      start = end
      while start < characters.count, characters[start].0 == " " { start += 1 }
    } while start < characters.count
    return result
  }

  private static func split(_ text: StyledText) -> [StyledText] {
    var lines = [StyledText()]
    for span in text.spans {
      let parts = span.text.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, part) in parts.enumerated() {
        if index > 0 { lines.append(StyledText()) }
        lines[lines.count - 1] += StyledText(String(part), span.style)
      }
    }
    return lines
  }
}
