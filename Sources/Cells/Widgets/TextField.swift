/// One line of text to edit, scrolled sideways so that the cursor is seen.
package struct TextField: Widget {
  package var text: String
  /// Characters before the cursor.
  package var cursor: Int
  package var prompt: String
  /// Said while the text is empty.
  package var placeholder: String
  /// Whether the terminal's cursor stands here.
  package var isFocused: Bool

  package init(
    text: String, cursor: Int, prompt: String = "", placeholder: String = "",
    isFocused: Bool = true
  ) {
    self.text = text
    self.cursor = cursor
    self.prompt = prompt
    self.placeholder = placeholder
    self.isFocused = isFocused
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    let line = area.top(1)
    buffer.fill(line, style: .input)
    buffer.write(prompt, in: line, truncation: .clip, style: .key)
    let field = line.droppingLeading(prompt.cellWidth)
    guard !field.isEmpty else { return }
    if text.isEmpty { buffer.write(placeholder, in: field, style: .dim) }
    let characters = Array(text)
    let cursor = min(max(cursor, 0), characters.count)
    // The cursor needs a column of its own, also behind the last character.
    var first = 0
    var used = characters[..<cursor].reduce(0) { $0 + $1.cellWidth }
    while used >= field.width, first < cursor {
      used -= characters[first].cellWidth
      first += 1
    }
    buffer.write(
      String(characters[first...]), x: field.x, y: field.y, in: field, style: .input)
    if first > 0 {
      buffer.set(buffer.glyphs.ellipsis, x: field.x, y: field.y, in: field, style: .dim)
    }
    if isFocused { buffer.cursor = Point(x: field.x + used, y: field.y) }
  }
}
