import Cells
import Workbench

/// The Calibrate tab: data and findings, progress, and live histograms.
struct CalibrateScreen: Widget {
  let state: WorkbenchState
  let project: ProjectSummary

  private var calibrate: CalibrateFeature { state.calibrate }

  func render(in area: Rect, to buffer: inout CellBuffer) {
    let isWide = area.width >= LayersScreen.wideWidth
    let lines = dataLines(buffer.glyphs)
    let widths: [Length] = isWide ? [.share(1), .share(1)] : [.share(3), .share(2)]
    // Findings must be readable in full; the histogram below can do with less.
    let textWidth = area.top(1).columns(widths)[0].width - 2
    let wanted = Paragraph(lines).height(width: textWidth) + 2
    let dataHeight = min(max(wanted, isWide ? 9 : 6), max(area.height / 2, 4))
    let halves = area.top(dataHeight).columns(widths)
    let pane = Pane(title: StyledText("Data", .title))
    pane.render(in: halves[0], to: &buffer)
    Paragraph(lines).render(in: pane.inner(of: halves[0]), to: &buffer)
    progress(in: halves[1], to: &buffer)
    live(in: area.droppingTop(dataHeight), to: &buffer)
  }

  private func dataLines(_ glyphs: Glyphs) -> [StyledText] {
    var lines: [StyledText] = []
    if let data = calibrate.data {
      lines.append(StyledText(data.title, .plain.bold))
      if data.isRandom {
        lines.append(StyledText("RANDOM DATA: ranges say nothing about real use", .bad))
      }
      for finding in data.findings {
        let style: Style =
          switch finding.severity {
          case .note: .dim
          case .warning: .warning
          case .error: .bad
          }
        let mark = finding.severity == .note ? glyphs.bullet : glyphs.warning
        lines.append(StyledText("\(mark) \(finding.place): \(finding.what)", style))
        if finding.severity != .note { lines.append(StyledText("  \(finding.advice)", .dim)) }
      }
      if data.findings.allSatisfy({ $0.severity == .note }) {
        lines.append(
          StyledText("\(glyphs.check) the input doctor found nothing wrong", .good))
      }
      if !calibrate.preprocessing.isEmpty {
        lines.append(StyledText("fed with \(calibrate.preprocessing)", .dim))
      }
      lines += data.notes.map { StyledText($0, .dim) }
    } else {
      lines = [
        StyledText("No data yet: d chooses them.", .warning),
        StyledText(":data random starts without any, marked as such.", .dim),
      ]
    }
    return lines
  }

  private func progress(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(title: StyledText(phaseTitle, .title))
    pane.render(in: area, to: &buffer)
    var rest = pane.inner(of: area)
    if let progress = calibrate.progress, progress.batchCount > 0 {
      let share = Double(progress.batchesDone) / Double(progress.batchCount)
      ProgressBar(fraction: share, style: calibrate.phase == .paused ? .warning : .accent)
        .render(in: rest.row(0), to: &buffer)
      rest = rest.droppingTop(1)
      var lines = [
        StyledText("\(progress.batchesDone) of \(progress.batchCount) batches")
          + StyledText("  \(Numbers.fixed(progress.batchesPerSecond, places: 1))/s", .dim)
      ]
      var second = "\(Numbers.seconds(progress.elapsedSeconds))"
      if let remaining = progress.remainingSeconds, calibrate.isRunning {
        second += ", \(Numbers.seconds(remaining)) to go"
      }
      lines.append(StyledText("\(second)   memory \(Numbers.bytes(progress.residentBytes))", .dim))
      Paragraph(lines).render(in: rest, to: &buffer)
    } else if let summary = calibrate.summary {
      Paragraph([
        StyledText("\(summary.samples) samples in \(summary.batches) batches"),
        StyledText("\(summary.edges) tensors, \(Numbers.seconds(summary.seconds))", .dim),
      ]).render(in: rest, to: &buffer)
    } else {
      Paragraph([
        StyledText("r starts."),
        StyledText("One pass feeds every observer; changing a choice never needs another.", .dim),
      ]).render(in: rest, to: &buffer)
    }
  }

  private var phaseTitle: String {
    switch calibrate.phase {
    case .ready: "Not calibrated"
    case .running: "Calibrating"
    case .paused: "Paused"
    case .done: "Calibrated"
    case .failed: "Failed"
    }
  }

  private func live(in area: Rect, to buffer: inout CellBuffer) {
    let listWidth = min(max(area.width * 2 / 5, 30), 60)
    let list = area.leading(listWidth)
    let tensors = calibrate.watched
    let live = Dictionary(
      (calibrate.progress?.live ?? []).map { ($0.edge, $0) },
      uniquingKeysWith: { first, _ in first })
    let pane = Pane(
      title: StyledText("Watched tensors", .title), badge: StyledText("\(tensors.count)", .dim),
      isFocused: true)
    pane.render(in: list, to: &buffer)
    let inner = pane.inner(of: list)
    Table(
      columns: [
        Table.Column("tensor", width: .flexible(minimum: 12), priority: 9, truncation: .head),
        Table.Column("S", alignment: .trailing, width: .fixed(9), priority: 7),
        Table.Column("Z", alignment: .trailing, width: .fixed(4), priority: 6),
        Table.Column("dB", alignment: .trailing, width: .fixed(5), priority: 8),
      ], rowCount: tensors.count, selected: tensors.isEmpty ? nil : calibrate.cursor.selected,
      offset: ScrollPosition.offset(
        calibrate.cursor.first, keeping: calibrate.cursor.selected,
        visible: max(inner.height - 1, 1), of: tensors.count),
      emptyText: StyledText("v in the Layers tab adds one.", .dim)
    ) { row in
      let range = live[tensors[row]]?.range
      return Table.Row([
        .text(StyledText(tensors[row])),
        .text(StyledText(range.map { Numbers.real($0.scale) } ?? "–")),
        .text(StyledText(range.map { "\($0.zeroPoint)" } ?? "–")), .text(decibels(range?.decibels)),
      ])
    }.render(in: inner, to: &buffer)
    let right = area.droppingLeading(listWidth)
    guard tensors.indices.contains(calibrate.cursor.selected) else {
      return Pane(title: "").render(in: right, to: &buffer)
    }
    let edge = tensors[calibrate.cursor.selected]
    LiveTensorView(edge: edge, tensor: live[edge]).render(in: right, to: &buffer)
  }
}

/// One tensor while it is observed: histogram with clipping range, and how the range settles.
struct LiveTensorView: Widget {
  let edge: String
  let tensor: LiveTensor?

  func render(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(title: StyledText(edge, .title))
    pane.render(in: area, to: &buffer)
    var rest = pane.inner(of: area)
    guard let tensor, let histogram = tensor.histogram else {
      return buffer.write(StyledText("No batch yet.", .dim), in: rest)
    }
    if let range = tensor.range {
      buffer.write(LayerLines.range(range), in: rest.row(0))
      rest = rest.droppingTop(1)
    }
    buffer.write(settling(tensor), in: rest.row(0))
    rest = rest.droppingTop(1)
    let curveHeight = rest.height >= 16 ? rest.height / 3 : 0
    let clip = tensor.range.flatMap { range in
      range.lower < range.upper ? Double(range.lower)...Double(range.upper) : nil
    }
    Histogram(
      counts: histogram.counts, lowerBound: Double(histogram.lower),
      upperBound: Double(histogram.upper), clipping: clip, isLogarithmic: true, style: .activation
    ).render(in: rest.droppingBottom(curveHeight), to: &buffer)
    guard curveHeight > 0 else { return }
    let curve = rest.bottom(curveHeight)
    buffer.write(StyledText("range of each batch", .dim), in: curve.row(0))
    LineChart(
      series: [
        LineChart.Series(
          name: "lowest", values: tensor.batchRanges.map { Double($0.lowerBound) }, style: .chart1),
        LineChart.Series(
          name: "highest", values: tensor.batchRanges.map { Double($0.upperBound) }, style: .chart2),
      ], xTitle: "batch"
    ).render(in: curve.droppingTop(1), to: &buffer)
  }

  private func settling(_ tensor: LiveTensor) -> StyledText {
    var text = StyledText("")
    if let batch = tensor.lastBatch {
      text =
        text
        + StyledText(
          "this batch [\(Numbers.real(batch.lowerBound)), \(Numbers.real(batch.upperBound))]")
    }
    if let run = tensor.wholeRun {
      text =
        text
        + StyledText(
          "  all [\(Numbers.real(run.lowerBound)), \(Numbers.real(run.upperBound))]", .dim)
    }
    if let batch = tensor.stableSince {
      text = text + StyledText("  stable since batch \(batch)", .good)
    }
    if tensor.nonFiniteCount > 0 {
      text = text + StyledText("  \(tensor.nonFiniteCount) NaN or infinite", .bad)
    }
    return text
  }
}
