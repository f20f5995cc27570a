import Cells
import Sessions
import Workbench

/// The Errors tab: the output's loss, every layer's, and advice.
struct ErrorsScreen: Widget {
  let state: WorkbenchState
  let project: ProjectSummary

  func render(in area: Rect, to buffer: inout CellBuffer) {
    guard let report = state.errors.report else { return invitation(in: area, to: &buffer) }
    output(report.output, in: area.row(0), to: &buffer)
    let rest = area.droppingTop(1)
    if area.width >= LayersScreen.wideWidth {
      let left = rest.leading(area.width * 3 / 5)
      table(in: left, to: &buffer)
      let right = rest.droppingLeading(left.width)
      let adviceHeight = min(max(report.advice.count * 2 + 2, 6), right.height / 2)
      chart(in: right.droppingBottom(adviceHeight), to: &buffer)
      advice(report, in: right.bottom(adviceHeight), to: &buffer)
    } else {
      let adviceHeight = min(max(report.advice.count + 2, 4), 6)
      table(in: rest.droppingBottom(adviceHeight), to: &buffer)
      advice(report, in: rest.bottom(adviceHeight), to: &buffer)
    }
  }

  private func invitation(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(title: StyledText("Errors", .title))
    pane.render(in: area, to: &buffer)
    let first =
      state.calibrate.summary == nil
      ? "Calibrate first: tab 2, then r." : "r measures what each layer loses."
    Paragraph([
      StyledText(first), "",
      StyledText("predicted  from statistics alone: rounding and clipping of one tensor", .dim),
      StyledText("local      only this layer quantized, its input exact", .dim),
      StyledText("accum.     everything quantized, as the int8 kernels compute it", .dim),
      StyledText("SQNR       signal to quantization noise, dB; 6 dB more is one bit more", .dim),
    ]).render(in: pane.inner(of: area), to: &buffer)
  }

  private func output(
    _ output: ErrorTable.Output, in area: Rect, to buffer: inout CellBuffer
  ) {
    var text =
      StyledText(" output ", .header) + decibels(output.int8Decibels) + StyledText(" dB int8")
      + StyledText("  (\(Numbers.decibels(output.simulatedDecibels)) simulated)", .dim)
    if let agreement = output.topOneAgreement {
      text = text + StyledText("   top-1 agrees \(Numbers.percent(agreement))")
    }
    if let float = output.floatAccuracy, let int8 = output.int8Accuracy {
      let style: Style = float - int8 > 0.01 ? .bad : .good
      text =
        text + StyledText("   accuracy \(Numbers.percent(float)) → ")
        + StyledText(Numbers.percent(int8), style)
    }
    text = text + StyledText("   \(output.samples) samples", .dim)
    if state.errors.isStale {
      text = text + StyledText("   recipe changed: r measures anew", .warning)
    }
    buffer.write(text, in: area)
  }

  private func table(in area: Rect, to buffer: inout CellBuffer) {
    let rows = state.errors.rows
    let pane = Pane(
      title: StyledText("Layers", .title),
      badge: StyledText("by \(state.errors.sort.title)", .dim),
      isFocused: state.errors.focus == .layers)
    pane.render(in: area, to: &buffer)
    let inner = pane.inner(of: area)
    let column: Int? =
      switch state.errors.sort {
      case .weight: 1
      case .predicted: 2
      case .local: 4
      case .accumulated: 5
      case .sensitivity: 8
      case .model: nil
      }
    Table(
      columns: [
        Table.Column("layer", width: .flexible(minimum: 16), priority: 10, truncation: .head),
        Table.Column("W", alignment: .trailing, width: .fixed(5), priority: 6),
        Table.Column("pred.", alignment: .trailing, width: .fixed(6), priority: 7),
        Table.Column("clip", alignment: .trailing, width: .fixed(6), priority: 4),
        Table.Column("local", alignment: .trailing, width: .fixed(6), priority: 9),
        Table.Column("accum.", alignment: .trailing, width: .fixed(7), priority: 8),
        Table.Column("cosine", alignment: .trailing, width: .fixed(7), priority: 3),
        Table.Column("largest", alignment: .trailing, width: .fixed(8), priority: 2),
        Table.Column("alone", alignment: .trailing, width: .fixed(6), priority: 5),
      ], rowCount: rows.count, selected: rows.isEmpty ? nil : state.errors.cursor.selected,
      offset: ScrollPosition.offset(
        state.errors.cursor.first, keeping: state.errors.cursor.selected,
        visible: max(inner.height - 1, 1), of: rows.count),
      sort: column.map { Table.Sort(column: $0, isAscending: !state.errors.isReversed) },
      isFocused: state.errors.focus == .layers
    ) { row in cells(rows[row]) }.render(in: inner, to: &buffer)
  }

  private func cells(_ row: ErrorTable.Row) -> Table.Row {
    let isFloat = state.layers.evaluations[row.id]?.isFloat == true
    return Table.Row([
      .text(StyledText(row.id, isFloat ? .dim : .plain)), .text(decibels(row.weightDecibels)),
      .text(decibels(row.predictedDecibels)),
      .text(StyledText(row.roundingShare.map { Numbers.percent(1 - $0) } ?? "–", .dim)),
      .text(decibels(row.localDecibels)), .text(decibels(row.accumulatedDecibels)),
      .text(StyledText(row.cosine.map { Numbers.fixed($0, places: 5) } ?? "–", .dim)),
      .text(StyledText(row.largestError.map { Numbers.real(Float($0)) } ?? "–", .dim)),
      .text(decibels(state.errors.sensitivity[row.id])),
    ])
  }

  private func chart(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(title: StyledText("SQNR through the model, dB", .title))
    pane.render(in: area, to: &buffer)
    let rows = state.errors.report?.rows ?? []
    func series(_ value: (ErrorTable.Row) -> Double?) -> [ChartPoint] {
      rows.enumerated().compactMap { index, row in
        value(row).flatMap { $0.isFinite ? ChartPoint(x: Double(index), y: $0) : nil }
      }
    }
    LineChart(
      series: [
        LineChart.Series(name: "local", points: series(\.localDecibels), style: .chart1),
        LineChart.Series(
          name: "accumulated", points: series(\.accumulatedDecibels), style: .chart2),
      ], xTitle: "layer"
    ).render(in: pane.inner(of: area), to: &buffer)
  }

  private func advice(_ report: ErrorTable, in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(
      title: StyledText("Advice", .title), badge: StyledText("\(report.advice.count)", .dim),
      isFocused: state.errors.focus == .advice)
    pane.render(in: area, to: &buffer)
    let inner = pane.inner(of: area)
    let isFocused = state.errors.focus == .advice
    Table(
      columns: [
        Table.Column("advice", width: .flexible(minimum: 20), priority: 9),
        Table.Column("gain", alignment: .trailing, width: .fixed(9), priority: 8),
      ], rowCount: report.advice.count,
      selected: isFocused && !report.advice.isEmpty ? state.errors.adviceCursor.selected : nil,
      offset: ScrollPosition.offset(
        state.errors.adviceCursor.first, keeping: state.errors.adviceCursor.selected,
        visible: inner.height, of: report.advice.count), isFocused: isFocused, showsHeader: false,
      emptyText: StyledText("Nothing to advise: no layer stands out.", .good)
    ) { row in
      let advice = report.advice[row]
      let place = advice.layer.map { "\($0): " } ?? ""
      return Table.Row([
        .text(StyledText(place + advice.title) + StyledText("  \(advice.detail)", .dim)),
        .text(
          StyledText(advice.gainDecibels.map { "+\(Numbers.fixed($0, places: 1)) dB" } ?? "", .good)
        ),
      ])
    }.render(in: inner, to: &buffer)
  }
}
