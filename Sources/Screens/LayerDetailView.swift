import Cells
import Quantization
import Sessions
import Workbench

/// All of one layer: as many sections as the height holds, from the chosen page on.
struct LayerDetailView: Widget {
  let state: WorkbenchState
  let layer: LayerSummary

  private var detail: LayerDetail? {
    state.layers.detail.flatMap { $0.layer == layer.id ? $0 : nil }
  }

  private var evaluation: LayerEvaluation? { state.layers.evaluations[layer.id] }

  func render(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(
      title: StyledText(layer.id, .title), badge: LayerLines.scope(state),
      isFocused: state.layers.isDetailOpen)
    pane.render(in: area, to: &buffer)
    var rest = pane.inner(of: area)
    for line in LayerLines.summary(layer, evaluation) where line.width > 0 {
      buffer.write(line, in: rest.row(0))
      rest = rest.droppingTop(1)
    }
    let pages = LayersFeature.DetailPage.allCases
    let first = state.layers.page.rawValue
    for page in pages[first...] + pages[..<first] {
      let wanted = height(of: page, width: rest.width)
      guard rest.height >= min(wanted, 5) else { break }
      let isLast = rest.height < wanted + 5
      let section = rest.top(isLast ? rest.height : wanted)
      header(page, in: section.row(0), to: &buffer)
      draw(page, in: section.droppingTop(1), to: &buffer)
      rest = rest.droppingTop(section.height)
    }
  }

  private func header(
    _ page: LayersFeature.DetailPage, in area: Rect, to buffer: inout CellBuffer
  ) {
    buffer.horizontalLine(area, style: .border)
    let isFirst = page == state.layers.page
    buffer.write(
      StyledText(" \(page.title) ", isFirst ? .accent.bold : .header), in: area.droppingLeading(2))
    if isFirst {
      let arrows = " \(buffer.glyphs.arrowLeft) \(buffer.glyphs.arrowRight) "
      buffer.write(StyledText(arrows, .dim), in: area.droppingTrailing(2), alignment: .trailing)
    }
  }

  private func height(of page: LayersFeature.DetailPage, width: Int) -> Int {
    switch page {
    case .activation: 11
    case .weights:
      layer.hasWeights
        ? 11 + (detail.map { $0.gates.isEmpty ? 0 : GateTable.height(of: $0.gates) } ?? 0) : 3
    case .observers where layer.stored != nil: 3
    case .observers: 3 + max(detail?.observers.count ?? 0, 1)
    case .mapping: 11
    case .graph:
      2 + (detail.map { GraphPage(state: state, detail: $0).height(width: width) } ?? 1)
    case .speed: 1 + (measured == nil ? 2 : LayerSpeed.height)
    case .why: 2 + (detail?.provenance.count ?? 1)
    }
  }

  private func draw(
    _ page: LayersFeature.DetailPage, in area: Rect, to buffer: inout CellBuffer
  ) {
    if page == .speed { return speed(in: area, to: &buffer) }
    guard let detail else {
      return buffer.write(StyledText("working it out…", .dim), in: area)
    }
    switch page {
    case .activation: activation(detail, in: area, to: &buffer)
    case .weights: weights(detail, in: area, to: &buffer)
    case .observers: observers(detail, in: area, to: &buffer)
    case .mapping: mapping(in: area, to: &buffer)
    case .graph: GraphPage(state: state, detail: detail).render(in: area, to: &buffer)
    case .why: why(detail, in: area, to: &buffer)
    case .speed: break
    }
  }

  /// What the benchmark found for this layer.
  private var measured: BenchmarkTable.Row? {
    state.benchmark.report?.rows.first { $0.id == layer.id }
  }

  private func speed(in area: Rect, to buffer: inout CellBuffer) {
    guard let row = measured else {
      let text = "Not timed yet. Tab 4, then r, times float and int8 on this host."
      return buffer.write(StyledText(text, .dim), in: area)
    }
    LayerSpeed(row: row).render(in: area, to: &buffer)
  }

  private func activation(_ detail: LayerDetail, in area: Rect, to buffer: inout CellBuffer) {
    guard let histogram = detail.activationHistogram else {
      let text =
        layer.stored == nil
        ? "Nothing observed yet. Tab 2, then r, calibrates."
        : "Not observed: the file has quantized this layer already."
      return buffer.write(StyledText(text, .dim), in: area)
    }
    var caption = StyledText(
      "\(Numbers.count(detail.observedCount)) values, log counts", .dim)
    if detail.nonFiniteCount > 0 {
      caption =
        caption + StyledText("  \(Numbers.count(detail.nonFiniteCount)) NaN or infinite", .bad)
    }
    buffer.write(caption, in: area.row(0))
    chart(histogram, clip: evaluation?.activation, style: .activation).render(
      in: area.droppingTop(1), to: &buffer)
  }

  private func chart(
    _ histogram: HistogramSummary, clip: RangeSummary?, style: Style
  ) -> Histogram {
    let bounds = clip.flatMap { clip in
      clip.lower < clip.upper ? Double(clip.lower)...Double(clip.upper) : nil
    }
    return Histogram(
      counts: histogram.counts, lowerBound: Double(histogram.lower),
      upperBound: Double(histogram.upper), clipping: bounds, isLogarithmic: true, style: style)
  }

  private func weights(_ detail: LayerDetail, in area: Rect, to buffer: inout CellBuffer) {
    guard let histogram = detail.weightHistogram else {
      let stored = layer.stored.flatMap { $0.weights.isEmpty ? nil : $0.weights }
      let text = stored.map { "The file has them as \($0)." } ?? "This layer has no weights."
      return buffer.write(StyledText(text, .dim), in: area)
    }
    guard detail.gates.isEmpty else {
      let height = min(GateTable.height(of: detail.gates), area.height)
      GateTable(gates: detail.gates).render(in: area.top(height), to: &buffer)
      return weightCharts(histogram, detail, in: area.droppingTop(height), to: &buffer)
    }
    weightCharts(histogram, detail, in: area, to: &buffer)
  }

  private func weightCharts(
    _ histogram: HistogramSummary, _ detail: LayerDetail, in area: Rect,
    to buffer: inout CellBuffer
  ) {
    guard area.height >= 4 else { return }
    let left = area.leading(detail.channelRanges.count > 1 ? area.width / 2 : area.width)
    buffer.write(
      StyledText(
        detail.gates.isEmpty ? "all weights, log counts" : "all of W, log counts", .dim),
      in: left.row(0))
    chart(histogram, clip: nil, style: .weights).render(in: left.droppingTop(1), to: &buffer)
    guard detail.channelRanges.count > 1 else { return }
    let right = area.droppingLeading(left.width + 1)
    let caption = "range of each of \(detail.channelRanges.count) channels"
    buffer.write(StyledText(caption, .dim), in: right.row(0))
    RangeChart(
      ranges: detail.channelRanges.map { Double($0.lowerBound)...Double($0.upperBound) },
      style: .weights
    ).render(in: right.droppingTop(1), to: &buffer)
  }

  private func observers(_ detail: LayerDetail, in area: Rect, to buffer: inout CellBuffer) {
    guard !detail.observers.isEmpty else {
      let text = layer.stored == nil ? "Nothing observed yet." : "Not observed."
      return buffer.write(StyledText(text, .dim), in: area)
    }
    let chosen = detail.observers.firstIndex { $0.observer == detail.chosenObserver }
    Table(
      columns: [
        Table.Column("observer", width: .flexible(minimum: 12), priority: 9),
        Table.Column("lower", alignment: .trailing, width: .fixed(9), priority: 5),
        Table.Column("upper", alignment: .trailing, width: .fixed(9), priority: 6),
        Table.Column("S", alignment: .trailing, width: .fixed(9), priority: 7),
        Table.Column("Z", alignment: .trailing, width: .fixed(5), priority: 4),
        Table.Column("clips", alignment: .trailing, width: .fixed(7), priority: 3),
        Table.Column("dB", alignment: .trailing, width: .fixed(6), priority: 8),
      ], rowCount: detail.observers.count, selected: chosen, offset: 0, isFocused: false
    ) { row in
      let range = detail.observers[row]
      return Table.Row([
        .text(StyledText(range.observer)), .text(StyledText(Numbers.real(range.lower))),
        .text(StyledText(Numbers.real(range.upper))), .text(StyledText(Numbers.real(range.scale))),
        .text(StyledText("\(range.zeroPoint)")),
        .text(StyledText(Numbers.percent(range.clippedShare))), .text(decibels(range.decibels)),
      ])
    }.render(in: area, to: &buffer)
  }

  private func mapping(in area: Rect, to buffer: inout CellBuffer) {
    if let stored = layer.stored { return mapping(stored, in: area, to: &buffer) }
    guard let range = evaluation?.activation, let evaluation else {
      return buffer.write(
        StyledText("real = S · (code − Z), once the activation is observed.", .dim), in: area)
    }
    let scheme = evaluation.qconfig.activation
    buffer.write(
      StyledText(
        "real = \(Numbers.real(range.scale)) · (code − \(range.zeroPoint)), \(scheme.type.rawValue) "
          + scheme.symmetry.rawValue, .dim), in: area.row(0))
    let codes = scheme.range
    Staircase(
      scale: Double(range.scale), zeroPoint: Int(range.zeroPoint),
      codes: Int(codes.lowest)...Int(codes.highest)
    ).render(in: area.droppingTop(1), to: &buffer)
  }

  /// The map that the file has for the layer's output.
  private func mapping(
    _ stored: StoredSummary, in area: Rect, to buffer: inout CellBuffer
  ) {
    guard let scale = stored.scale, let zeroPoint = stored.zeroPoint else {
      return buffer.write(
        StyledText("The file has no fixed map for this output (\(stored.format)).", .dim), in: area)
    }
    buffer.write(
      StyledText(
        "real = \(Numbers.real(scale)) · (code − \(zeroPoint)), \(stored.type), as the file has it",
        .dim), in: area.row(0))
    // A staircase of 65,536 steps would be a line.
    guard let codes = Self.codes[stored.type] else { return }
    Staircase(scale: Double(scale), zeroPoint: Int(zeroPoint), codes: codes).render(
      in: area.droppingTop(1), to: &buffer)
  }

  private static let codes = [
    "uint8": 0...255, "int8": -128...127, "uint4": 0...15, "int4": -8...7,
  ]

  private func why(_ detail: LayerDetail, in area: Rect, to buffer: inout CellBuffer) {
    Paragraph(detail.provenance.map { StyledText($0) }).render(in: area, to: &buffer)
  }
}
