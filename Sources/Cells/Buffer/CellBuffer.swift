/// One place on the screen.
package struct Cell: Hashable, Sendable {
  /// Safe to send to a terminal; see ``CellBuffer/set(_:x:y:in:style:)``.
  package var character: Character
  package var style: Style
  /// Whether this is the right half of the wide character before it; `character` is then blank.
  package var isContinuation = false

  package static let blank = Cell(character: " ", style: .plain)
}

/// A screen as a value: draw into it, compare it, send it to a terminal, or print it in a test.
///
/// Every write is clipped to the area it names and to the buffer, so no layout can draw on a
/// neighbour or trap. Overwriting one half of a wide character blanks the other half.
package struct CellBuffer: Hashable, Sendable {
  package let width: Int
  package let height: Int
  /// What widgets draw with. In an ASCII set every other character is replaced as it is written.
  package var glyphs: Glyphs
  /// Where the terminal's cursor is shown; nowhere when `nil`.
  package var cursor: Point?
  private var cells: [Cell]

  package init(width: Int, height: Int, glyphs: Glyphs = .unicode) {
    self.width = max(width, 0)
    self.height = max(height, 0)
    self.glyphs = glyphs
    cells = Array(repeating: .blank, count: self.width * self.height)
  }

  package var bounds: Rect { Rect(width: width, height: height) }

  /// The cell at a place, blank outside of the buffer.
  package subscript(x: Int, y: Int) -> Cell {
    bounds.contains(x: x, y: y) ? cells[y * width + x] : .blank
  }

  /// Writes one character where all of it fits inside `clip`; a wide one that does not leaves a
  /// blank. Control characters become a replacement character.
  package mutating func set(
    _ character: Character, x: Int, y: Int, in clip: Rect, style: Style
  ) {
    let clip = clip.intersection(bounds)
    guard y >= clip.minY, y < clip.maxY else { return }
    let columns = character.cellWidth
    let shown = character.displayed(in: glyphs)
    if columns == 1 {
      guard x >= clip.minX, x < clip.maxX else { return }
      place(Cell(character: shown, style: style), x: x, y: y)
    } else if x >= clip.minX, x + 1 < clip.maxX {
      place(Cell(character: shown, style: style), x: x, y: y)
      let isWide = shown.cellWidth == 2
      place(
        Cell(character: isWide ? " " : shown, style: style, isContinuation: isWide), x: x + 1, y: y)
    } else {
      for half in [x, x + 1] where half >= clip.minX && half < clip.maxX {
        place(Cell(character: " ", style: style), x: half, y: y)
      }
    }
  }

  /// Changes the style of what is already written.
  package mutating func restyle(_ area: Rect, _ change: (Style) -> Style) {
    let area = area.intersection(bounds)
    for y in area.minY..<area.maxY {
      for x in area.minX..<area.maxX {
        cells[y * width + x].style = change(cells[y * width + x].style)
      }
    }
  }

  /// Puts a cell inside the bounds, without leaving half of a wide character behind.
  private mutating func place(_ cell: Cell, x: Int, y: Int) {
    let index = y * width + x
    if cells[index].isContinuation, !cell.isContinuation, x > 0 {
      cells[index - 1].character = " "
    }
    if x + 1 < width, cells[index + 1].isContinuation {
      cells[index + 1].isContinuation = false
    }
    cells[index] = cell
  }
}

/// Buffers as text, for snapshots in tests and for saving the screen.
extension CellBuffer {
  /// The rows, joined by newlines, without the blanks at their ends.
  package var text: String {
    rows { cell in cell.isContinuation ? nil : cell.character }
  }

  /// The same rows with a letter for each cell's style, `.` for plain; ends of plain cells cut.
  package var styleText: String {
    rows(trimming: ".") { cell in cell.style.letter }
  }

  private func rows(
    trimming blank: Character = " ", _ character: (Cell) -> Character?
  ) -> String {
    (0..<height).map { y in
      var row = (0..<width).compactMap { x in character(cells[y * width + x]) }
      while row.last == blank { row.removeLast() }
      return String(row)
    }
    .joined(separator: "\n")
  }
}
