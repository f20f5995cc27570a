/// A box in the middle of an area, over what is there.
package struct Popup: Widget {
  package var title: String
  /// With the border; cut to the area.
  package var size: Size
  /// Keys, on the last line inside the box.
  package var footer: [KeyHints.Hint]
  package var content: (any Widget)?

  package init(
    title: String, size: Size, footer: [KeyHints.Hint] = [], content: (any Widget)? = nil
  ) {
    self.title = title
    self.size = size
    self.footer = footer
    self.content = content
  }

  /// The box with its border.
  package func frame(in area: Rect) -> Rect {
    area.centred(width: size.width, height: size.height)
  }

  /// What is inside the box, one blank column apart from its border.
  package func content(in area: Rect) -> Rect {
    frame(in: area).inset(horizontal: 2, vertical: 1).droppingBottom(footer.isEmpty ? 0 : 2)
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    let frame = frame(in: area)
    buffer.fill(frame)
    buffer.cursor = nil
    Pane(title: StyledText(title), isFocused: true).render(in: frame, to: &buffer)
    content?.render(in: content(in: area), to: &buffer)
    if !footer.isEmpty {
      KeyHints(footer).render(
        in: frame.inset(horizontal: 2, vertical: 1).bottom(1), to: &buffer)
    }
    buffer.restyle(frame) { Style($0.role, $0.attributes.union(.raised)) }
  }
}
