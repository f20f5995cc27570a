/// Where text stands in an area that is wider.
package enum Alignment: Hashable, Sendable {
  case leading
  case centre
  case trailing
}

extension CellBuffer {
  /// Fills an area with one character.
  package mutating func fill(
    _ area: Rect, with character: Character = " ", style: Style = .plain
  ) {
    let area = area.intersection(bounds)
    let step = character.cellWidth
    for y in area.minY..<area.maxY {
      for x in stride(from: area.minX, to: area.maxX, by: step) {
        set(character, x: x, y: y, in: area, style: style)
      }
    }
  }

  /// Writes text from a place on, clipped; returns the column after it, drawn or not.
  @discardableResult
  package mutating func write(
    _ text: String, x: Int, y: Int, in clip: Rect, style: Style = .plain
  ) -> Int {
    var x = x
    for character in text {
      set(character, x: x, y: y, in: clip, style: style)
      x += character.cellWidth
    }
    return x
  }

  @discardableResult
  package mutating func write(_ text: StyledText, x: Int, y: Int, in clip: Rect) -> Int {
    text.spans.reduce(x) { x, span in
      write(span.text, x: x, y: y, in: clip, style: span.style)
    }
  }

  /// Writes one line into the first row of an area, cut to its width.
  package mutating func write(
    _ text: String, in area: Rect, alignment: Alignment = .leading,
    truncation: Truncation = .tail, style: Style = .plain
  ) {
    write(StyledText(text, style), in: area, alignment: alignment, truncation: truncation)
  }

  package mutating func write(
    _ text: StyledText, in area: Rect, alignment: Alignment = .leading,
    truncation: Truncation = .tail
  ) {
    guard !area.isEmpty else { return }
    let shown = text.truncated(toWidth: area.width, truncation, glyphs: glyphs)
    let missing = area.width - shown.width
    let x =
      switch alignment {
      case .leading: area.x
      case .centre: area.x + missing / 2
      case .trailing: area.x + missing
      }
    write(shown, x: x, y: area.y, in: area.top(1))
  }

  /// A line along the first row of an area.
  package mutating func horizontalLine(_ area: Rect, style: Style = .border) {
    fill(area.top(1), with: glyphs.horizontal, style: style)
  }

  /// A line along the first column of an area.
  package mutating func verticalLine(_ area: Rect, style: Style = .border) {
    fill(area.leading(1), with: glyphs.vertical, style: style)
  }

  /// A box around the inside of an area; nothing when it has less than two columns or rows.
  package mutating func border(_ area: Rect, style: Style = .border) {
    guard area.width >= 2, area.height >= 2 else { return }
    horizontalLine(area, style: style)
    horizontalLine(area.bottom(1), style: style)
    verticalLine(area, style: style)
    verticalLine(area.trailing(1), style: style)
    set(glyphs.topLeft, x: area.minX, y: area.minY, in: area, style: style)
    set(glyphs.topRight, x: area.maxX - 1, y: area.minY, in: area, style: style)
    set(glyphs.bottomLeft, x: area.minX, y: area.maxY - 1, in: area, style: style)
    set(glyphs.bottomRight, x: area.maxX - 1, y: area.maxY - 1, in: area, style: style)
  }

  /// A widget alone in a buffer of its own.
  package static func rendering(
    _ widget: some Widget, width: Int, height: Int, glyphs: Glyphs = .unicode
  ) -> CellBuffer {
    var buffer = CellBuffer(width: width, height: height, glyphs: glyphs)
    widget.render(in: buffer.bounds, to: &buffer)
    return buffer
  }
}
