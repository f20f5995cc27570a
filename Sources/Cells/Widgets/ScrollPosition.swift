/// Which part of a long list is seen.
package enum ScrollPosition {
  /// The first row to show, as near to `current` as it can be while the selected row is seen, with
  /// no blank rows at the end that could be filled.
  package static func offset(
    _ current: Int, keeping selected: Int?, visible: Int, of count: Int
  ) -> Int {
    guard visible > 0 else { return 0 }
    var offset = current
    if let selected {
      offset = min(max(offset, selected - visible + 1), selected)
    }
    return min(max(offset, 0), max(count - visible, 0))
  }
}

/// A column that shows which part of a long list is seen; blank when all of it is.
package struct ScrollIndicator: Widget {
  package var count: Int
  package var visible: Int
  package var offset: Int

  package init(count: Int, visible: Int, offset: Int) {
    self.count = count
    self.visible = visible
    self.offset = offset
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    let track = area.leading(1)
    guard !track.isEmpty, count > visible, visible > 0 else { return }
    buffer.fill(track, with: buffer.glyphs.scrollTrack, style: .border)
    let length = min(max(track.height * visible / count, 1), track.height)
    let travel = track.height - length
    let last = count - visible
    // Only the very first and last rows put the thumb at an end.
    var start = (travel * min(max(offset, 0), last) + last / 2) / last
    if offset > 0, travel > 1 { start = max(start, 1) }
    if offset < last, travel > 1 { start = min(start, travel - 1) }
    buffer.fill(
      track.droppingTop(start).top(length), with: buffer.glyphs.scrollThumb, style: .dim)
  }
}
