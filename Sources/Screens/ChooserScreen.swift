import Cells
import Workbench

/// What stands there when octet is started with nothing to open.
struct ChooserScreen: Widget {
  let state: WorkbenchState

  func render(in area: Rect, to buffer: inout CellBuffer) {
    let box = area.centred(width: min(area.width, 90), height: min(area.height, 22))
    let pane = Pane(title: StyledText("Open", .title), isFocused: true)
    pane.render(in: box, to: &buffer)
    let inner = pane.inner(of: box)
    Paragraph([
      StyledText("int8 quantization of ONNX models, on the machine that runs them", .dim),
      StyledText(":open PATH opens any model or session; Tab completes commands.", .dim),
    ]).render(in: inner.top(2), to: &buffer)
    let list = inner.droppingTop(3)
    Table(
      columns: [
        Table.Column("session", width: .flexible(minimum: 20, weight: 2), priority: 10),
        Table.Column("where", width: .flexible(minimum: 10), priority: 5, truncation: .head),
      ], rowCount: state.recent.count,
      selected: state.recent.isEmpty ? nil : state.chooserCursor.selected,
      offset: ScrollPosition.offset(
        state.chooserCursor.first, keeping: state.chooserCursor.selected,
        visible: max(list.height - 1, 1), of: state.recent.count),
      emptyText: StyledText("No recent sessions.", .dim)
    ) { row in
      let session = state.recent[row]
      return Table.Row([
        .text(StyledText(session.title)), .text(StyledText(session.detail, .dim)),
      ])
    }.render(in: list, to: &buffer)
  }
}
