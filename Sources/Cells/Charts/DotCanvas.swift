/// A grid of dots finer than cells: 2 × 4 in a cell as braille, 2 × 2 as quarter blocks, 1 × 1 as
/// ASCII. A cell has one style, that of the dot set last.
struct DotCanvas {
  /// Cells.
  let size: Size
  let dotsPerCell: Size
  private let plot: Glyphs.Plot
  private var masks: [UInt8]
  private var styles: [Style]

  init(size: Size, glyphs: Glyphs) {
    self.size = Size(width: max(size.width, 0), height: max(size.height, 0))
    plot = glyphs.plot
    dotsPerCell =
      switch glyphs.plot {
      case .braille: Size(width: 2, height: 4)
      case .quadrants: Size(width: 2, height: 2)
      case .ascii: Size(width: 1, height: 1)
      }
    masks = Array(repeating: 0, count: self.size.width * self.size.height)
    styles = Array(repeating: .plain, count: masks.count)
  }

  var width: Int { size.width * dotsPerCell.width }
  var height: Int { size.height * dotsPerCell.height }

  /// Sets a dot; (0, 0) is top left, and dots outside are dropped.
  mutating func set(x: Int, y: Int, style: Style) {
    guard x >= 0, y >= 0, x < width, y < height else { return }
    let cell = y / dotsPerCell.height * size.width + x / dotsPerCell.width
    let column = x % dotsPerCell.width
    let row = y % dotsPerCell.height
    let bit =
      switch plot {
      // The four rows of a braille cell: dots 1 2 3 7 at the left, 4 5 6 8 at the right.
      case .braille: row == 3 ? 6 + column : 3 * column + row
      case .quadrants: 2 * row + column
      case .ascii: 0
      }
    masks[cell] |= 1 << UInt8(bit)
    styles[cell] = style
  }

  /// Sets the dots of a straight line, both ends included.
  mutating func line(from start: Point, to end: Point, style: Style) {
    let steps = max(abs(end.x - start.x), abs(end.y - start.y))
    guard steps > 0 else { return set(x: start.x, y: start.y, style: style) }
    for step in 0...steps {
      let fraction = Double(step) / Double(steps)
      set(
        x: start.x + Int((Double(end.x - start.x) * fraction).rounded()),
        y: start.y + Int((Double(end.y - start.y) * fraction).rounded()), style: style)
    }
  }

  /// Draws the cells that hold a dot, over what is there.
  func draw(in area: Rect, to buffer: inout CellBuffer) {
    for y in 0..<size.height {
      for x in 0..<size.width where masks[y * size.width + x] != 0 {
        let mask = masks[y * size.width + x]
        buffer.set(
          character(mask), x: area.x + x, y: area.y + y, in: area,
          style: styles[y * size.width + x])
      }
    }
  }

  private func character(_ mask: UInt8) -> Character {
    switch plot {
    case .braille: Character(Unicode.Scalar(0x2800 + UInt32(mask)) ?? " ")
    case .quadrants:
      [
        " ", "▘", "▝", "▀", "▖", "▌", "▞", "▛", "▗", "▚", "▐", "▜", "▄", "▙", "▟", "█",
      ][Int(mask)]
    case .ascii: "*"
    }
  }
}
