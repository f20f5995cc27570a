import Cells
import Sessions
import Workbench

/// The Log tab: what was done, and the command that does it again without a terminal.
struct LogScreen: Widget {
  let state: WorkbenchState

  func render(in area: Rect, to buffer: inout CellBuffer) {
    let entries = state.log.entries
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
}
