/// Says that the terminal is too small, and in which direction.
package struct SmallTerminalNotice: Widget {
  package var needed: Size

  package init(needed: Size) { self.needed = needed }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    func part(_ name: String, _ has: Int, _ needs: Int) -> StyledText {
      has < needs
        ? StyledText("\(name) \(has), needs \(needs)", .bad)
        : StyledText("\(name) \(has), enough", .good)
    }
    let lines: [StyledText] = [
      StyledText("Terminal too small", .title),
      part("columns", area.width, needed.width),
      part("rows", area.height, needed.height),
      StyledText("q", .key) + StyledText(" quits", .dim),
    ]
    // With too few rows for all, what is short comes first.
    let order =
      area.height >= lines.count ? [0, 1, 2, 3] : area.width < needed.width ? [1, 2] : [2, 1]
    let block = area.centred(width: area.width, height: lines.count)
    for (row, index) in order.enumerated() {
      buffer.write(lines[index], in: block.row(row), alignment: .centre)
    }
  }
}
