/// Horizontal bars, one a row, with a label before and a text behind each.
package struct BarChart: Widget {
  package struct Bar: Hashable, Sendable {
    package var label: String
    package var value: Double
    package var text: String
    package var style: Style
    package var isSelected: Bool

    package init(
      label: String, value: Double, text: String = "", style: Style = .chart1,
      isSelected: Bool = false
    ) {
      self.label = label
      self.value = value
      self.text = text
      self.style = style
      self.isSelected = isSelected
    }
  }

  package var bars: [Bar]
  /// The value of a full bar: the largest one when `nil`.
  package var maximum: Double?
  /// The first bar drawn.
  package var offset: Int

  package init(bars: [Bar], maximum: Double? = nil, offset: Int = 0) {
    self.bars = bars
    self.maximum = maximum
    self.offset = offset
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    let full = maximum ?? bars.map(\.value).filter(\.isFinite).max() ?? 0
    // Labels may take two fifths, so that the bars stay comparable.
    let labelWidth = min(bars.map(\.label.cellWidth).max() ?? 0, area.width * 2 / 5)
    let textWidth = min(bars.map(\.text.cellWidth).max() ?? 0, area.width / 3)
    for (row, bar) in bars.dropFirst(max(offset, 0)).prefix(area.height).enumerated() {
      let parts = area.row(row).columns(
        [.fixed(labelWidth), .share(1), .fixed(textWidth)], spacing: 1)
      buffer.write(
        bar.label, in: parts[0], truncation: .head, style: bar.isSelected ? .plain.bold : .plain)
      Self.draw(full > 0 ? bar.value / full : 0, in: parts[1], style: bar.style, to: &buffer)
      buffer.write(bar.text, in: parts[2], alignment: .trailing)
      if bar.isSelected { buffer.restyle(area.row(row)) { _ in .selection } }
    }
  }

  /// One bar, filled from the left to the nearest eighth of a cell; a value that is not nothing
  /// is never drawn as nothing.
  static func draw(
    _ fraction: Double, in area: Rect, style: Style, to buffer: inout CellBuffer
  ) {
    guard !area.isEmpty, fraction.isFinite, fraction > 0 else { return }
    let least = buffer.glyphs.isASCII ? 3 : 1
    let eighths = max(Int((min(fraction, 1) * Double(area.width * 8)).rounded()), least)
    buffer.fill(area.top(1).leading(eighths / 8), with: buffer.glyphs.barFull, style: style)
    if eighths % 8 > 0 {
      buffer.set(
        buffer.glyphs.row(eighths: eighths % 8), x: area.x + eighths / 8, y: area.y, in: area,
        style: style)
    }
  }
}
