/// Values as columns one cell high, the latest at the right.
package struct Sparkline: Widget {
  package var values: [Double]
  package var style: Style
  /// What the lowest and the highest column stand for: the values' own extent when `nil`.
  package var range: ClosedRange<Double>?

  package init(
    values: [Double], style: Style = .chart1, range: ClosedRange<Double>? = nil
  ) {
    self.values = values
    self.style = style
    self.range = range
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty, let extent = range ?? AxisLabel.extent(values) else { return }
    let span = AxisLabel.span(extent)
    for (column, value) in values.suffix(area.width).enumerated() where value.isFinite {
      let fraction = (value - span.lowerBound) / (span.upperBound - span.lowerBound)
      // From one eighth to eight: the lowest value is seen as well.
      let eighths = 1 + Int((min(max(fraction, 0), 1) * 7).rounded())
      buffer.set(
        buffer.glyphs.column(eighths: eighths), x: area.x + column, y: area.y, in: area.top(1),
        style: style)
    }
  }
}
