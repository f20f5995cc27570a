/// A box with a title in its upper border.
package struct Pane: Widget {
  package var title: StyledText
  /// Short text at the right end of the upper border, such as a count.
  package var badge: StyledText
  package var isFocused: Bool

  package init(title: StyledText, badge: StyledText = "", isFocused: Bool = false) {
    self.title = title
    self.badge = badge
    self.isFocused = isFocused
  }

  /// What the box surrounds.
  package func inner(of area: Rect) -> Rect { area.inset(1) }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    buffer.border(area, style: isFocused ? .focus : .border)
    guard area.width >= 2, area.height >= 2 else { return }
    var line = area.top(1).inset(horizontal: 2, vertical: 0)
    if !badge.isEmpty, line.width > badge.width + 4 {
      buffer.write(spaced(badge), in: line, alignment: .trailing)
      line = line.droppingTrailing(badge.width + 3)
    }
    guard !title.isEmpty, line.width > 3 else { return }
    let text = title.truncated(toWidth: line.width - 2, glyphs: buffer.glyphs)
    let style: Style = isFocused ? .focus.bold : .title
    buffer.write(
      spaced(text.spans.allSatisfy { $0.style == .plain } ? text.styled(style) : text), in: line)
  }

  private func spaced(_ text: StyledText) -> StyledText { " " + text + " " }
}
