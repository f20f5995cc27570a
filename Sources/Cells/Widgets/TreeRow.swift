/// Where a row of a tree stands, and whether it hides rows.
package struct TreeIndent: Hashable, Sendable {
  package enum Fold: Hashable, Sendable {
    case leaf
    case open
    case closed
  }

  package var depth: Int
  package var fold: Fold

  package init(depth: Int, fold: Fold = .leaf) {
    self.depth = depth
    self.fold = fold
  }

  /// Two blanks a level, then the fold marker.
  package func prefix(_ glyphs: Glyphs) -> StyledText {
    // Deeper levels than a screen is wide would leave no room for the name.
    let blanks = StyledText(String(repeating: "  ", count: min(max(depth, 0), 16)))
    switch fold {
    case .leaf: return blanks + "  "
    case .open: return blanks + StyledText("\(glyphs.foldOpen) ", .accent)
    case .closed: return blanks + StyledText("\(glyphs.foldClosed) ", .accent)
    }
  }
}

/// One row of a tree on its own; inside a table, use ``Table/Cell/tree(_:_:)``.
package struct TreeRow: Widget {
  package var indent: TreeIndent
  package var text: StyledText
  package var isSelected: Bool

  package init(indent: TreeIndent, text: StyledText, isSelected: Bool = false) {
    self.indent = indent
    self.text = text
    self.isSelected = isSelected
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    if isSelected {
      buffer.set(
        buffer.glyphs.selectionMarker, x: area.x, y: area.y, in: area, style: .selection)
    }
    buffer.write(indent.prefix(buffer.glyphs) + text, in: area.droppingLeading(1))
    if isSelected { buffer.restyle(area.top(1)) { _ in .selection } }
  }
}
