import Cells
import Sessions
import Workbench

/// The Train tab: options, the run as it goes, and what it is worth.
struct TrainScreen: Widget {
  let state: WorkbenchState

  private var train: TrainFeature { state.train }

  /// The training that is shown: under way, waiting to be kept, or kept last.
  private var result: TrainingResult? {
    train.record?.result ?? (train.record == nil ? state.trainings.last?.result : nil)
  }

  private var epochs: [TrainingResult.Epoch] { result?.epochs ?? train.progress?.epochs ?? [] }

  func render(in area: Rect, to buffer: inout CellBuffer) {
    if area.width >= LayersScreen.wideWidth, area.height >= 30 {
      wide(in: area, to: &buffer)
    } else {
      narrow(in: area, to: &buffer)
    }
  }

  private func narrow(in area: Rect, to buffer: inout CellBuffer) {
    let left = area.leading(min(max(area.width * 2 / 5, 30), 44))
    let right = area.droppingLeading(left.width)
    let progressHeight = min(7, max(area.height / 3, 3))
    if train.focus == .options {
      options(in: left.droppingBottom(progressHeight), to: &buffer)
    } else {
      drift(in: left.droppingBottom(progressHeight), to: &buffer)
    }
    progress(in: left.bottom(progressHeight), to: &buffer)
    guard isAnythingKnown else { return invitation(in: right, to: &buffer) }
    // In a low terminal the curve of losses gives way.
    let isLow = area.height < 16
    let charts = right.droppingBottom(isLow ? min(6, area.height * 3 / 5) : 6)
    let loss = charts.top(isLow ? 0 : charts.height / 2)
    lossChart(in: loss, hasLegend: false, to: &buffer)
    metricChart(in: charts.droppingTop(loss.height), to: &buffer)
    comparison(in: right.bottom(right.height - charts.height), to: &buffer)
  }

  private func wide(in area: Rect, to buffer: inout CellBuffer) {
    let left = area.leading(min(area.width * 2 / 5, 56))
    let right = area.droppingLeading(left.width)
    let optionsHeight = TrainFeature.Option.allCases.count + 2
    options(in: left.top(optionsHeight), to: &buffer)
    var rest = left.droppingTop(optionsHeight)
    progress(in: rest.top(7), to: &buffer)
    rest = rest.droppingTop(7)
    guard isAnythingKnown else {
      Pane(title: "").render(in: rest, to: &buffer)
      return invitation(in: right, to: &buffer)
    }
    let rows = 7
    comparison(in: rest.top(rows), to: &buffer)
    epochTable(in: rest.droppingTop(rows), to: &buffer)
    let driftHeight = min(max((train.progress?.drift.count ?? 0) + 3, 6), area.height / 3)
    let charts = right.droppingBottom(driftHeight)
    let loss = charts.top(charts.height / 2)
    lossChart(in: loss, hasLegend: true, to: &buffer)
    metricChart(in: charts.droppingTop(loss.height), to: &buffer)
    drift(in: right.bottom(driftHeight), to: &buffer)
  }

  private var isAnythingKnown: Bool { train.isRunning || !epochs.isEmpty }

  private func invitation(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(title: StyledText("Training with rounding in view", .title))
    pane.render(in: area, to: &buffer)
    var lines: [StyledText] = []
    if case .failed(let message) = train.phase {
      lines += [StyledText("\(buffer.glyphs.warning) \(message)", .bad), ""]
    }
    if train.record != nil {
      lines += [StyledText("r goes on with the training that was under way.", .warning), ""]
    } else if state.calibrate.data == nil {
      lines += [StyledText("No data yet: d chooses them.", .warning), ""]
    } else {
      lines += [StyledText("r trains the weights so that int8 loses less."), ""]
    }
    lines += [
      StyledText(
        "Every batch is rounded as int8 would be; gradients pass the rounding by.", .dim), "",
      StyledText(
        "After each epoch the int8 model runs on samples that were kept apart. The best epoch is"
          + " kept, if you say so, and all tabs work with it.", .dim), "",
      StyledText("A killed octet goes on from its last checkpoint.", .dim),
    ]
    Paragraph(lines).render(in: pane.inner(of: area), to: &buffer)
  }

  // Options and progress.

  private func options(in area: Rect, to buffer: inout CellBuffer) {
    let isFocused = train.focus == .options
    let pane = Pane(title: StyledText("Options", .title), isFocused: isFocused)
    pane.render(in: area, to: &buffer)
    let inner = pane.inner(of: area)
    let all = TrainFeature.Option.allCases
    let hasLabels = state.calibrate.data?.hasLabels ?? true
    Table(
      columns: [
        Table.Column("option", width: .fixed(10), priority: 9),
        Table.Column("value", width: .flexible(minimum: 8), priority: 10),
      ], rowCount: all.count, selected: isFocused ? train.cursor.selected : nil,
      offset: ScrollPosition.offset(
        train.cursor.first, keeping: train.cursor.selected, visible: inner.height, of: all.count),
      isFocused: isFocused, showsHeader: false
    ) { row in
      let value = train.text(all[row], marked: state.layers.marks.count, hasLabels: hasLabels)
      return Table.Row([
        .text(StyledText(all[row].rawValue, .header)),
        .text(StyledText(value, train.isRunning ? .dim : .plain)),
      ])
    }.render(in: inner, to: &buffer)
  }

  private var phaseTitle: String {
    switch train.phase {
    case .ready where train.record != nil: "Unfinished"
    case .ready: state.trainings.isEmpty ? "Not trained" : "Trained, kept"
    case .running: "Training"
    case .paused: "Paused"
    case .stopping: "Ending"
    case .done: "Trained"
    case .failed: "Failed"
    }
  }

  private func progress(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(title: StyledText(phaseTitle, .title))
    pane.render(in: area, to: &buffer)
    var rest = pane.inner(of: area)
    guard train.isRunning else {
      return Paragraph(outcome).render(in: rest, to: &buffer)
    }
    guard let now = train.progress, now.batchCount > 0 else {
      return Paragraph([StyledText("Reading samples, judging the model as it is…", .dim)])
        .render(in: rest, to: &buffer)
    }
    ProgressBar(
      fraction: now.place / Double(max(now.epochCount, 1)),
      style: train.phase == .paused ? .warning : .accent
    ).render(in: rest.row(0), to: &buffer)
    rest = rest.droppingTop(1)
    let loss = train.losses.last.map { Numbers.real(Float($0.value)) } ?? "–"
    let remaining = now.remainingSeconds.map { "\(Numbers.seconds($0)) to go" } ?? ""
    Paragraph([
      StyledText("epoch \(now.epoch)/\(now.epochCount)")
        + StyledText("  batch \(now.batch)/\(now.batchCount)", .dim),
      StyledText("loss \(loss)") + StyledText("  rate \(Numbers.real(Float(now.rate)))", .dim),
      StyledText("gradient \(Numbers.real(Float(now.gradientNorm)))"),
      StyledText(remaining, .dim),
    ]).render(in: rest, to: &buffer)
  }

  private var outcome: [StyledText] {
    guard let result, let best = result.best, let before = result.epochs.first else {
      return [
        StyledText(train.record == nil ? "r starts." : "r goes on."),
        StyledText("Left and right change the selected option.", .dim),
      ]
    }
    let isBetter = best.epoch > 0
    var lines = [
      StyledText(
        isBetter ? "best: epoch \(best.epoch)" : "no epoch was better", isBetter ? .good : .warning),
      StyledText("int8 \(before.int8.brief)", .dim),
      StyledText("  to \(best.int8.brief)", isBetter ? .good : .plain),
    ]
    if train.phase == .done {
      lines.append(
        StyledText("K", .key) + StyledText(" keeps, ") + StyledText("D", .key)
          + StyledText(" discards"))
    } else if train.record != nil {
      lines.append(StyledText("r", .key) + StyledText(" goes on"))
    } else if state.undoTakesWeightsBack {
      lines.append(StyledText("u takes the weights back", .dim))
    }
    return lines
  }

  // Curves.

  /// From the beginning to the planned end, so that curves grow to the right.
  private var epochRange: ClosedRange<Double> {
    let planned = train.isRunning ? train.progress?.epochCount : nil
    return 0...Double(max(planned ?? 1, epochs.last?.epoch ?? 1, 1))
  }

  private func lossChart(in area: Rect, hasLegend: Bool, to buffer: inout CellBuffer) {
    let batches = train.losses.map { ChartPoint(x: $0.place, y: $0.value) }
    let means = epochs.compactMap { epoch in
      epoch.loss.map { ChartPoint(x: Double(epoch.epoch), y: $0) }
    }
    // Losses that fall to a small part of what they were are seen by their order of magnitude.
    let positive = (batches + means).map(\.y).filter { $0 > 0 }
    let isLogarithmic = (positive.max() ?? 0) > 30 * (positive.min() ?? 0)
    let floor = (positive.max() ?? 0) / 10_000
    func shown(_ points: [ChartPoint]) -> [ChartPoint] {
      isLogarithmic ? points.map { ChartPoint(x: $0.x, y: max($0.y, floor)) } : points
    }
    let pane = Pane(
      title: StyledText("Loss", .title),
      badge: StyledText(isLogarithmic ? "logarithmic" : "", .dim))
    pane.render(in: area, to: &buffer)
    LineChart(
      series: [
        LineChart.Series(
          name: hasLegend ? "batches" : "", points: shown(batches), style: .chart2),
        LineChart.Series(
          name: hasLegend ? "epoch mean" : "", points: shown(means), style: .chart1),
      ], xTitle: "epoch", isLogarithmic: isLogarithmic, xRange: epochRange
    ).render(in: pane.inner(of: area), to: &buffer)
  }

  /// What validation is told by: labels where there are any, else the float model's outputs.
  private var metric: (title: String, value: (TrainingResult.Score) -> Double?) {
    if epochs.contains(where: { $0.int8.accuracy != nil }) {
      return ("Validation accuracy, %", { $0.accuracy.map { $0 * 100 } })
    }
    if train.record?.settings.loss == .divergence {
      return ("Same class as float, %", { $0.agreement * 100 })
    }
    return ("Output SQNR, dB", { $0.decibels.isFinite ? $0.decibels : nil })
  }

  private func metricChart(in area: Rect, to buffer: inout CellBuffer) {
    let (title, value) = metric
    let pane = Pane(title: StyledText(title, .title))
    pane.render(in: area, to: &buffer)
    func series(
      _ name: String, _ style: Style, _ score: (TrainingResult.Epoch) -> TrainingResult.Score?
    ) -> LineChart.Series {
      LineChart.Series(
        name: name,
        points: epochs.compactMap { epoch in
          score(epoch).flatMap(value).map { ChartPoint(x: Double(epoch.epoch), y: $0) }
        }, style: style)
    }
    let float = (result?.float ?? train.progress?.float).flatMap { $0.accuracy == nil ? nil : $0 }
    let curves = [
      series("float", .chart3) { _ in float }, series("fake-quant", .chart2, \.simulated),
      series("int8", .chart1, \.int8),
    ].filter { !$0.points.isEmpty }
    LineChart(
      series: curves, xTitle: "epoch",
      yRange: title.hasSuffix("%") ? percents(curves.flatMap(\.points).map(\.y)) : nil,
      xRange: epochRange
    ).render(in: pane.inner(of: area), to: &buffer)
  }

  /// Whole percents around the values, up to 100.
  private func percents(_ values: [Double]) -> ClosedRange<Double>? {
    guard let least = values.min(), let largest = values.max() else { return nil }
    let upper = min(largest.rounded(.up), 100)
    return min(least.rounded(.down), upper - 1)...upper
  }

  // Tables.

  private var beforeAndAfter: [(name: String, score: TrainingResult.Score, style: Style)] {
    var rows: [(name: String, score: TrainingResult.Score, style: Style)] = []
    if let float = result?.float ?? train.progress?.float { rows.append(("float", float, .plain)) }
    if let before = result?.calibrated ?? train.progress?.calibrated {
      rows.append(("PTQ int8", before, .plain))
    } else if let before = epochs.first?.int8 {
      // With the ranges that training begins with: nothing was calibrated.
      rows.append(("int8 before", before, .plain))
    }
    let best = result?.best ?? epochs.dropFirst().last
    if let best, best.epoch > 0 {
      rows.append(("QAT int8, epoch \(best.epoch)", best.int8, .good))
      rows.append(("  fake-quant", best.simulated, .dim))
    }
    return rows
  }

  private func comparison(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(title: StyledText("Before and after", .title))
    pane.render(in: area, to: &buffer)
    // Fake quantization, last, gives way where rows are few.
    let rows = beforeAndAfter.prefix(max(area.height - 3, 1))
    Table(
      columns: Self.scoreColumns("model"), rowCount: rows.count,
      selected: nil, offset: 0, isFocused: false,
      emptyText: StyledText("Known after the first look.", .dim)
    ) { row in
      Table.Row(
        [.text(StyledText(rows[row].name, rows[row].style))] + cells(rows[row].score))
    }.render(in: pane.inner(of: area), to: &buffer)
  }

  private static func scoreColumns(_ first: String) -> [Table.Column] {
    [
      Table.Column(first, width: .flexible(minimum: 12), priority: 10),
      Table.Column("accuracy", alignment: .trailing, width: .fixed(8), priority: 9),
      Table.Column("as float", alignment: .trailing, width: .fixed(8), priority: 8),
      Table.Column("SQNR", alignment: .trailing, width: .fixed(6), priority: 7),
    ]
  }

  private func cells(_ score: TrainingResult.Score) -> [Table.Cell] {
    [
      .text(StyledText(score.accuracy.map(Numbers.percent) ?? "–")),
      .text(StyledText(Numbers.percent(score.agreement))), .text(decibels(score.decibels)),
    ]
  }

  private func epochTable(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(
      title: StyledText("Epochs, int8", .title), badge: StyledText("\(epochs.count)", .dim))
    pane.render(in: area, to: &buffer)
    let inner = pane.inner(of: area)
    let rows = epochs
    let best = result?.bestEpoch
    let visible = max(inner.height - 1, 1)
    Table(
      columns: [
        Table.Column("epoch", alignment: .trailing, width: .fixed(5), priority: 10),
        Table.Column("loss", alignment: .trailing, width: .fixed(9), priority: 9),
      ] + Self.scoreColumns(""), rowCount: rows.count, selected: nil,
      offset: max(rows.count - visible, 0), isFocused: false
    ) { row in
      let epoch = rows[row]
      return Table.Row(
        [
          .text(StyledText("\(epoch.epoch)")),
          .text(StyledText(epoch.loss.map { Numbers.real(Float($0)) } ?? "–")),
          .text(StyledText(epoch.epoch == best ? "best" : epoch.epoch == 0 ? "before" : "", .good)),
        ] + cells(epoch.int8))
    }.render(in: inner, to: &buffer)
  }

  private func drift(in area: Rect, to buffer: inout CellBuffer) {
    let rows = train.progress?.drift ?? []
    let isFocused = train.focus == .layers
    let pane = Pane(
      title: StyledText("Scale drift", .title), badge: StyledText("\(rows.count)", .dim),
      isFocused: isFocused)
    pane.render(in: area, to: &buffer)
    let inner = pane.inner(of: area)
    let largest =
      rows.flatMap { [$0.weight, $0.activation].compactMap(\.self) }
      .map { abs($0) }.max() ?? 1
    Table(
      columns: [
        Table.Column("layer", width: .flexible(minimum: 8), priority: 10, truncation: .head),
        Table.Column("W", alignment: .trailing, width: .fixed(7), priority: 9),
        Table.Column("", width: .fixed(10), priority: 1),
        Table.Column("act.", alignment: .trailing, width: .fixed(7), priority: 8),
        Table.Column("", width: .fixed(10), priority: 1),
      ], rowCount: rows.count,
      selected: isFocused && !rows.isEmpty ? train.driftCursor.selected : nil,
      offset: ScrollPosition.offset(
        train.driftCursor.first, keeping: train.driftCursor.selected,
        visible: max(inner.height - 1, 1), of: rows.count), isFocused: isFocused,
      emptyText: StyledText("Scales have not moved.", .dim)
    ) { row in
      let layer = rows[row]
      func bar(_ value: Double?, _ style: Style) -> Table.Cell {
        .bar(abs(value ?? 0) / max(largest, 1e-9), style)
      }
      return Table.Row([
        .text(StyledText(layer.layer)), .text(change(layer.weight)), bar(layer.weight, .weights),
        .text(change(layer.activation)), bar(layer.activation, .activation),
      ])
    }.render(in: inner, to: &buffer)
  }

  /// `+3.1%`; large changes stand out.
  private func change(_ value: Double?) -> StyledText {
    guard let value else { return StyledText("–", .dim) }
    let text = (value >= 0 ? "+" : "-") + Numbers.fixed(abs(value) * 100, places: 1) + "%"
    return StyledText(text, abs(value) >= 0.25 ? .warning : .plain)
  }
}
