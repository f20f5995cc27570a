import Cells
import Quantization
import Workbench

/// The Layers tab: the table of layers beside, or above, what is known of the selected one.
struct LayersScreen: Widget {
  /// From this width on, the detail stands beside the table.
  static let wideWidth = 120
  static let stripHeight = 5

  let state: WorkbenchState
  let project: ProjectSummary

  func render(in area: Rect, to buffer: inout CellBuffer) {
    if state.layers.isDetailOpen, let layer = state.selectedLayer {
      return LayerDetailView(state: state, layer: layer).render(in: area, to: &buffer)
    }
    if area.width >= Self.wideWidth {
      let left = area.leading(max(area.width * 11 / 20, 70))
      table(in: left, to: &buffer)
      let right = area.droppingLeading(left.width)
      guard let layer = state.selectedLayer else {
        guard let path = state.selectedScope else { return overview(in: right, to: &buffer) }
        return ModuleView(state: state, path: path).render(in: right, to: &buffer)
      }
      LayerDetailView(state: state, layer: layer).render(in: right, to: &buffer)
    } else {
      table(in: area.droppingBottom(Self.stripHeight), to: &buffer)
      LayerStrip(state: state).render(in: area.bottom(Self.stripHeight), to: &buffer)
    }
  }

  private func table(in area: Rect, to buffer: inout CellBuffer) {
    let rows = state.layers.rows(of: project.layers)
    let pane = Pane(title: StyledText("Layers", .title), badge: badge(), isFocused: true)
    pane.render(in: area, to: &buffer)
    let inner = pane.inner(of: area)
    let errors = state.localErrors
    let table = Table(
      columns: [
        Table.Column(
          "layer", width: .flexible(minimum: 16, weight: 3), priority: 10, truncation: .head),
        Table.Column("operators", width: .flexible(minimum: 10, maximum: 22), priority: 6),
        Table.Column("output", width: .fixed(12), priority: 1),
        Table.Column("MACs", alignment: .trailing, width: .fixed(7), priority: 3),
        Table.Column("qconfig", width: .fixed(20), priority: 9),
        Table.Column("W dB", alignment: .trailing, width: .fixed(5), priority: 7),
        Table.Column("A dB", alignment: .trailing, width: .fixed(5), priority: 8),
        Table.Column("local", alignment: .trailing, width: .fixed(5), priority: 5),
      ], rowCount: rows.count, selected: rows.isEmpty ? nil : state.layers.cursor.selected,
      offset: ScrollPosition.offset(
        state.layers.cursor.first, keeping: state.layers.cursor.selected,
        visible: max(inner.height - 1, 1), of: rows.count),
      sort: sortColumn,
      emptyText: StyledText("No layer matches the filter. Esc clears it.", .dim)
    ) { row in cells(rows[row], in: rows, errors: errors) }
    table.render(in: inner, to: &buffer)
  }

  private var sortColumn: Table.Sort? {
    let column: Int? =
      switch state.layers.sort {
      case .model: nil
      case .name: 0
      case .operations: 3
      case .weightError: 5
      case .activationError: 6
      }
    return column.map { Table.Sort(column: $0, isAscending: !state.layers.isReversed) }
  }

  private func badge() -> StyledText {
    let total = project.layers.count
    var text = StyledText(
      state.layers.filter.isEmpty
        ? "\(total)"
        : "/\(state.layers.filter)  \(project.layers.count(where: state.layers.matches)) of \(total)",
      .dim)
    if !state.layers.marks.isEmpty {
      text = text + StyledText("  \(state.layers.marks.count) marked", .mark)
    }
    return text
  }

  private func cells(
    _ row: LayersFeature.Row, in rows: [LayersFeature.Row], errors: [String: Double]
  ) -> Table.Row {
    switch row {
    case .scope(_, let title, let depth, let isFolded, let layers):
      return Table.Row([
        .tree(TreeIndent(depth: depth, fold: isFolded ? .closed : .open), StyledText(title, .dim)),
        .text(StyledText(isFolded ? "\(layers) layers" : "", .dim)), "", "", "", "", "", "",
      ])
    case .layer(let index, let depth):
      let layer = project.layers[index]
      let evaluation = state.layers.evaluations[layer.id]
      let name = state.layers.name(of: layer, in: rows)
      return Table.Row(
        [
          .tree(TreeIndent(depth: depth, fold: .leaf), StyledText(name)),
          .text(StyledText(layer.title, .dim)), .text(StyledText(layer.outputShape, .dim)),
          .text(
            StyledText(
              layer.multiplyAccumulates > 0 ? Numbers.count(layer.multiplyAccumulates) : "")),
          .text(qconfig(layer, evaluation)), .text(decibels(evaluation?.weightDecibels)),
          .text(decibels(evaluation?.activation?.decibels)), .text(decibels(errors[layer.id])),
        ], isMarked: state.layers.marks.contains(layer.id))
    }
  }

  private func qconfig(_ layer: LayerSummary, _ evaluation: LayerEvaluation?) -> StyledText {
    // The file's own quantization, which no recipe changes.
    if let stored = layer.stored { return StyledText(stored.shortForm, .dim) }
    return switch layer.role {
    case .passThrough: StyledText("passes codes on", .dim)
    case .float: StyledText("fp32", .dim)
    case .quantizable:
      evaluation.map { StyledText($0.shortForm, $0.isFloat ? .warning : .plain) } ?? ""
    }
  }

  private func overview(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(title: StyledText(project.modelName, .title))
    pane.render(in: area, to: &buffer)
    var lines: [StyledText] = [
      StyledText(
        "opset \(project.opset)   \(Numbers.count(project.parameterCount)) parameters   "
          + "\(Numbers.count(project.multiplyAccumulates)) MACs   "
          + Numbers.bytes(project.modelByteCount))
    ]
    lines += project.inputs.map { StyledText("in   \($0)") }
    lines += project.outputs.map { StyledText("out  \($0)") }
    lines += project.storedFormats.map {
      StyledText("\($0.layers) layers are quantized already, \($0.format)", .warning)
    }
    lines += project.notes.map { StyledText($0, .dim) }
    Paragraph(lines).render(in: pane.inner(of: area), to: &buffer)
  }
}

/// Decibels, coloured by how bad they are: below 20 is bad, below 30 deserves a look.
func decibels(_ value: Double?) -> StyledText {
  guard let value else { return StyledText("–", .dim) }
  let style: Style = value < 20 ? .bad : value < 30 ? .warning : .plain
  return StyledText(Numbers.decibels(value), style)
}
