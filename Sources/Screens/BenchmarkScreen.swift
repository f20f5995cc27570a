import Cells
import Sessions
import Workbench

/// The Benchmark tab: totals, then each layer's fp32 and int8 time beside its error.
struct BenchmarkScreen: Widget {
  let state: WorkbenchState
  let project: ProjectSummary

  func render(in area: Rect, to buffer: inout CellBuffer) {
    guard let report = state.benchmark.report else { return invitation(in: area, to: &buffer) }
    totals(report, in: area.top(3), to: &buffer)
    let rest = area.droppingTop(3)
    let rows = state.benchmark.rows(errors: state.localErrors)
    let height = LayerSpeed.height + 2
    guard rest.height >= 2 * height, rows.indices.contains(state.benchmark.cursor.selected) else {
      return table(report, in: rest, to: &buffer)
    }
    table(report, in: rest.top(rest.height - height), to: &buffer)
    let row = rows[state.benchmark.cursor.selected]
    let pane = Pane(title: StyledText(row.id, .title))
    let bottom = rest.droppingTop(rest.height - height)
    pane.render(in: bottom, to: &buffer)
    LayerSpeed(row: row).render(in: pane.inner(of: bottom), to: &buffer)
  }

  private func invitation(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(title: StyledText("Benchmark", .title))
    pane.render(in: area, to: &buffer)
    let first =
      state.calibrate.summary == nil
      ? "Calibrate first: tab 2, then r." : "r times float and int8 on this host, in turn."
    Paragraph([
      StyledText(first), "",
      StyledText(":threads N and :batch N change how; the kernel that ran is named.", .dim),
      StyledText("Shares are of this host's measured peak for fp32 and for int8.", .dim),
    ]).render(in: pane.inner(of: area), to: &buffer)
  }

  private func totals(
    _ report: BenchmarkTable, in area: Rect, to buffer: inout CellBuffer
  ) {
    func latency(_ name: String, _ latency: BenchmarkTable.Latency) -> StyledText {
      StyledText(" \(name) ", .header) + StyledText(Numbers.fixed(latency.median, places: 2))
        + StyledText(" ms median", .plain)
        + StyledText(
          "  min \(Numbers.fixed(latency.minimum, places: 2))  p90 "
            + "\(Numbers.fixed(latency.percentile90, places: 2))  p99 "
            + Numbers.fixed(latency.percentile99, places: 2), .dim)
    }
    let ratio = Numbers.fixed(report.speedUp, places: 2) + String(buffer.glyphs.times)
    buffer.write(
      latency("fp32", report.float)
        + StyledText("   peak \(Numbers.fixed(report.floatPeak, places: 0)) GMAC/s", .dim),
      in: area.row(0))
    buffer.write(
      latency("int8", report.int8)
        + StyledText(
          "   peak \(Numbers.fixed(report.int8Peak, places: 0))"
            + (report.narrowPeak.map { ", 16-bit \(Numbers.fixed($0, places: 0))" } ?? "")
            + " GMAC/s", .dim),
      in: area.row(1))
    var last =
      StyledText(" int8 is ", .header)
      + StyledText("\(ratio) as fast", report.speedUp >= 1 ? .good.bold : .bad.bold)
      + StyledText(
        "   \(Numbers.bytes(report.floatByteCount)) → \(Numbers.bytes(report.int8ByteCount))")
      + StyledText(
        "   \(report.runs) runs, \(report.threads) thread\(report.threads == 1 ? "" : "s"), "
          + "batch \(report.batchSize)", .dim)
    if state.benchmark.isStale {
      last = last + StyledText("   recipe changed: r runs anew", .warning)
    }
    buffer.write(last, in: area.row(2))
  }

  private func table(
    _ report: BenchmarkTable, in area: Rect, to buffer: inout CellBuffer
  ) {
    let errors = state.localErrors
    let rows = state.benchmark.rows(errors: errors)
    let slowest = rows.compactMap(\.int8Microseconds).max() ?? 1
    let pane = Pane(
      title: StyledText("Layers", .title),
      badge: StyledText("by \(state.benchmark.sort.title)", .dim), isFocused: true)
    pane.render(in: area, to: &buffer)
    let inner = pane.inner(of: area)
    let column: Int? =
      switch state.benchmark.sort {
      case .floatTime: 1
      case .int8Time: 2
      case .speedUp: 4
      case .error: 5
      case .model: nil
      }
    Table(
      columns: [
        Table.Column(
          "layer", width: .flexible(minimum: 16, weight: 2), priority: 10, truncation: .head),
        Table.Column("fp32 µs", alignment: .trailing, width: .fixed(8), priority: 8),
        Table.Column("int8 µs", alignment: .trailing, width: .fixed(8), priority: 9),
        Table.Column("", width: .fixed(8), priority: 1),
        Table.Column("gain", alignment: .trailing, width: .fixed(6), priority: 7),
        Table.Column("local dB", alignment: .trailing, width: .fixed(8), priority: 6),
        Table.Column("GMAC/s", alignment: .trailing, width: .fixed(6), priority: 4),
        Table.Column("peak", alignment: .trailing, width: .fixed(6), priority: 3),
        Table.Column("bound by", width: .fixed(10), priority: 2),
        Table.Column("at", alignment: .trailing, width: .fixed(6), priority: 2),
        Table.Column("would saturate", alignment: .trailing, width: .fixed(14), priority: 1),
        Table.Column("int8 kernel", width: .flexible(minimum: 16, maximum: 34), priority: 5),
      ], rowCount: rows.count, selected: rows.isEmpty ? nil : state.benchmark.cursor.selected,
      offset: ScrollPosition.offset(
        state.benchmark.cursor.first, keeping: state.benchmark.cursor.selected,
        visible: max(inner.height - 1, 1), of: rows.count),
      sort: column.map { Table.Sort(column: $0, isAscending: state.benchmark.isReversed) }
    ) { index in
      let row = rows[index]
      let share = (row.int8Microseconds ?? 0) / max(slowest, 0.001)
      return Table.Row([
        .text(StyledText(row.id)), .text(time(row.floatMicroseconds)),
        .text(time(row.int8Microseconds)), .bar(share, .chart1), .text(gain(row.speedUp)),
        .text(decibels(errors[row.id])),
        .text(StyledText(row.int8GigaMACs.map { Numbers.fixed($0, places: 1) } ?? "")),
        .text(StyledText(row.shareOfPeak.map(Numbers.percent) ?? "", .dim)),
        .text(StyledText(row.ceiling ?? "", .dim)),
        .text(StyledText(row.shareOfCeiling.map(Numbers.percent) ?? "", .dim)),
        .text(saturation(row)), .text(StyledText(row.int8Kernel, .dim)),
      ])
    }.render(in: inner, to: &buffer)
  }

  private func time(_ microseconds: Double?) -> StyledText {
    StyledText(microseconds.map { Numbers.fixed($0, places: 1) } ?? "–")
  }

  private func gain(_ ratio: Double?) -> StyledText {
    guard let ratio else { return StyledText("–", .dim) }
    return StyledText(Numbers.fixed(ratio, places: 2), ratio < 1 ? .bad : .good)
  }

  private func saturation(_ row: BenchmarkTable.Row) -> StyledText {
    guard let saturated = row.saturatedPairs, let pairs = row.pairs, pairs > 0 else { return "" }
    if saturated == 0 { return StyledText("none", .dim) }
    return StyledText(
      "\(Numbers.count(saturated)) \(Numbers.percent(Double(saturated) / Double(pairs)))", .warning)
  }
}
