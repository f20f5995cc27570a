/// Rows under column titles: one selected, some marked, sorted by one column, scrolled.
///
/// Only rows that are seen are asked for, so a table of a hundred thousand rows costs no more than
/// one of twenty.
package struct Table: Widget {
  package struct Row: Sendable {
    package var cells: [Cell]
    package var isMarked: Bool

    package init(_ cells: [Cell], isMarked: Bool = false) {
      self.cells = cells
      self.isMarked = isMarked
    }
  }

  package enum Cell: Hashable, Sendable, ExpressibleByStringInterpolation {
    case text(StyledText)
    case tree(TreeIndent, StyledText)
    /// A bar for 0 through 1, with a label at its right end.
    case bar(Double, Style, label: String = "")
    case sparkline([Double], Style)

    package init(stringLiteral value: String) { self = .text(StyledText(value)) }
  }

  package struct Sort: Hashable, Sendable {
    package var column: Int
    package var isAscending: Bool

    package init(column: Int, isAscending: Bool) {
      self.column = column
      self.isAscending = isAscending
    }
  }

  package var columns: [Column]
  package var rowCount: Int
  /// The selected row, counted from the table's first, whether it is seen or not.
  package var selected: Int?
  /// The first row that is seen.
  package var offset: Int
  package var sort: Sort?
  package var isFocused: Bool
  package var showsHeader: Bool
  /// Said in place of rows when there are none.
  package var emptyText: StyledText
  private let row: (Int) -> Row

  package init(
    columns: [Column], rowCount: Int, selected: Int?, offset: Int, sort: Sort? = nil,
    isFocused: Bool = true, showsHeader: Bool = true, emptyText: StyledText = "",
    row: @escaping (Int) -> Row
  ) {
    self.columns = columns
    self.rowCount = max(rowCount, 0)
    self.selected = selected
    self.offset = max(offset, 0)
    self.sort = sort
    self.isFocused = isFocused
    self.showsHeader = showsHeader
    self.emptyText = emptyText
    self.row = row
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    let places = Column.places(of: columns, sort: sort, in: content(of: area))
    if showsHeader { drawHeader(places, in: area.top(1), to: &buffer) }
    let body = self.body(of: area)
    guard rowCount > 0 else { return buffer.write(emptyText, in: body.droppingLeading(2)) }
    for line in 0..<min(body.height, max(rowCount - offset, 0)) {
      draw(offset + line, places, in: body.row(line), to: &buffer)
    }
    ScrollIndicator(count: rowCount, visible: body.height, offset: offset)
      .render(in: body.trailing(1), to: &buffer)
  }

  private func drawHeader(
    _ places: [Column.Place], in line: Rect, to buffer: inout CellBuffer
  ) {
    buffer.fill(line, style: .header)
    for place in places {
      let column = columns[place.column]
      var title = StyledText(column.title, .header)
      if let sort, sort.column == place.column {
        let glyphs = buffer.glyphs
        let arrow = sort.isAscending ? glyphs.sortAscending : glyphs.sortDescending
        title =
          title.truncated(toWidth: place.width - 1, glyphs: glyphs)
          + StyledText(String(arrow), .header)
      }
      buffer.write(
        title, in: Rect(x: place.x, y: line.y, width: place.width, height: 1),
        alignment: column.alignment)
    }
  }

  private func draw(
    _ index: Int, _ places: [Column.Place], in line: Rect, to buffer: inout CellBuffer
  ) {
    let row = row(index)
    let isSelected = index == selected
    if isSelected {
      buffer.set(
        buffer.glyphs.selectionMarker, x: line.x, y: line.y, in: line, style: .inactiveSelection)
    }
    if row.isMarked {
      buffer.set(buffer.glyphs.mark, x: line.x + 1, y: line.y, in: line, style: .mark)
    }
    for place in places where place.column < row.cells.count {
      let area = Rect(x: place.x, y: line.y, width: place.width, height: 1)
      draw(row.cells[place.column], columns[place.column], in: area, to: &buffer)
    }
    guard isSelected else { return }
    // The whole row in one style: coloured text on a reversed row would be hard to read.
    let shown = rowCount > 0 ? line.droppingTrailing(1) : line
    let style: Style = isFocused ? .selection : .inactiveSelection
    buffer.restyle(shown) { _ in style }
  }

  private func draw(_ cell: Cell, _ column: Column, in area: Rect, to buffer: inout CellBuffer) {
    switch cell {
    case .text(let text):
      buffer.write(
        text, in: area, alignment: column.alignment, truncation: column.truncation)
    case .tree(let indent, let text):
      let prefix = indent.prefix(buffer.glyphs)
      buffer.write(prefix, in: area, truncation: .clip)
      buffer.write(text, in: area.droppingLeading(prefix.width), truncation: column.truncation)
    case .bar(let fraction, let style, let label):
      let labelWidth = label.isEmpty ? 0 : label.cellWidth + 1
      let bar = area.droppingTrailing(labelWidth)
      BarChart.draw(fraction, in: bar, style: style, to: &buffer)
      buffer.write(label, in: area.trailing(label.cellWidth), alignment: .trailing)
    case .sparkline(let values, let style):
      Sparkline(values: values, style: style).render(in: area, to: &buffer)
    }
  }
}

/// Where things are, for scrolling and for the mouse.
extension Table {
  /// How many rows an area of this size shows.
  package func visibleRowCount(in area: Rect) -> Int { body(of: area).height }

  /// The row drawn at a line of the screen.
  package func row(atY y: Int, in area: Rect) -> Int? {
    let body = body(of: area)
    guard y >= body.minY, y < body.maxY else { return nil }
    let index = offset + y - body.minY
    return index < rowCount ? index : nil
  }

  /// The column drawn at a column of the screen.
  package func column(atX x: Int, in area: Rect) -> Int? {
    Column.places(of: columns, sort: sort, in: content(of: area))
      .first { x >= $0.x && x < $0.x + $0.width }?.column
  }

  private func body(of area: Rect) -> Rect { area.droppingTop(showsHeader ? 1 : 0) }

  /// Without the marker columns at the left and the scroll indicator at the right.
  private func content(of area: Rect) -> Rect { area.droppingLeading(2).droppingTrailing(1) }
}
