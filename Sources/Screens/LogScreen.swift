import Cells
import Sessions
import Workbench

/// The Log tab: what was done, and the command that does it again without a terminal.
struct LogScreen: Widget {
  let state: WorkbenchState

  func render(in area: Rect, to buffer: inout CellBuffer) {
    let entries = state.log.entries
    let whole = selectedText(entries, width: area.width - 2)
    let area = readInFull(whole, in: area, to: &buffer)
    let pane = Pane(
      title: StyledText("Log", .title), badge: StyledText("\(entries.count)", .dim),
      isFocused: true)
    pane.render(in: area, to: &buffer)
    let inner = pane.inner(of: area)
    let glyphs = buffer.glyphs
    Table(
      columns: [
        Table.Column("", width: .fixed(2), priority: 9),
        Table.Column("entry", width: .flexible(minimum: 20), priority: 10),
      ], rowCount: entries.count, selected: entries.isEmpty ? nil : state.log.cursor.selected,
      offset: ScrollPosition.offset(
        state.log.cursor.first, keeping: state.log.cursor.selected, visible: inner.height,
        of: entries.count), showsHeader: false,
      emptyText: StyledText("Nothing has been done yet.", .dim)
    ) { row in
      let entry = entries[row]
      return switch entry.kind {
      case .command:
        Table.Row([.text(StyledText("$", .accent)), .text(StyledText(entry.text, .accent))])
      case .done:
        Table.Row([.text(StyledText("\(glyphs.check)", .good)), .text(StyledText(entry.text))])
      case .warning:
        Table.Row([
          .text(StyledText("\(glyphs.warning)", .warning)), .text(StyledText(entry.text, .warning)),
        ])
      case .error:
        Table.Row([.text(StyledText("\(glyphs.cross)", .bad)), .text(StyledText(entry.text, .bad))])
      }
    }.render(in: inner, to: &buffer)
  }

  private func selectedText(_ entries: [LogEntry], width: Int) -> Paragraph? {
    guard entries.indices.contains(state.log.cursor.selected) else { return nil }
    let text = entries[state.log.cursor.selected].text
    // What fits its row is not said twice.
    return text.cellWidth > width - 6 ? Paragraph(StyledText(text)) : nil
  }

  /// Shows a line that its row cuts short, and returns what is left for the list.
  private func readInFull(
    _ paragraph: Paragraph?, in area: Rect, to buffer: inout CellBuffer
  ) -> Rect {
    guard let paragraph else { return area }
    let height = min(paragraph.height(width: area.width - 2) + 2, area.height / 2)
    let pane = Pane(title: "")
    pane.render(in: area.bottom(height), to: &buffer)
    paragraph.render(in: pane.inner(of: area.bottom(height)), to: &buffer)
    return area.droppingBottom(height)
  }
}
