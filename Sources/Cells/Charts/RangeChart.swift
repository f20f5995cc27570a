/// The extent of each channel as a vertical line, side by side, around zero.
///
/// When channels outnumber the columns, neighbours share one, and it shows their union.
package struct RangeChart: Widget {
  package var ranges: [ClosedRange<Double>]
  /// What a shared scale keeps; parts beyond it are drawn as clipped.
  package var clipping: ClosedRange<Double>?
  package var style: Style
  /// A channel that stands out.
  package var selected: Int?

  package init(
    ranges: [ClosedRange<Double>], clipping: ClosedRange<Double>? = nil,
    style: Style = .weights, selected: Int? = nil
  ) {
    self.ranges = ranges
    self.clipping = clipping
    self.style = style
    self.selected = selected
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    let finite = ranges.filter { $0.lowerBound.isFinite && $0.upperBound.isFinite }
    guard !finite.isEmpty else {
      return buffer.write("no channels", in: area, alignment: .centre, style: .dim)
    }
    let extent = AxisLabel.span(
      min(finite.map(\.lowerBound).min() ?? 0, 0)...max(finite.map(\.upperBound).max() ?? 0, 0))
    let frame = ChartFrame(
      in: area, yTop: AxisLabel.text(extent.upperBound), yBottom: AxisLabel.text(extent.lowerBound))
    frame.draw(
      xLow: "0", xHigh: "\(ranges.count - 1)", xTitle: "channel", to: &buffer)
    var canvas = DotCanvas(size: frame.plot.size, glyphs: buffer.glyphs)
    guard canvas.width > 0, canvas.height > 0 else { return }
    draw(over: extent, on: &canvas)
    canvas.draw(in: frame.plot, to: &buffer)
  }

  private func draw(over extent: ClosedRange<Double>, on canvas: inout DotCanvas) {
    let height = canvas.height
    func row(_ value: Double) -> Int {
      let fraction = (value - extent.lowerBound) / (extent.upperBound - extent.lowerBound)
      return height - 1 - Int((min(max(fraction, 0), 1) * Double(height - 1)).rounded())
    }
    for column in 0..<canvas.width {
      let first = column * ranges.count / canvas.width
      let next = (column + 1) * ranges.count / canvas.width
      // A few channels stand apart by a blank dot, their last; many share columns.
      if canvas.width >= 2 * ranges.count, next > first { continue }
      let channels = first..<min(max(next, first + 1), ranges.count)
      guard let low = ranges[channels].map(\.lowerBound).filter(\.isFinite).min(),
        let high = ranges[channels].map(\.upperBound).filter(\.isFinite).max()
      else { continue }
      let isSelected = selected.map { channels.contains($0) } ?? false
      for y in row(high)...row(low) {
        let value =
          extent.upperBound - Double(y) / Double(max(height - 1, 1))
          * (extent.upperBound - extent.lowerBound)
        let isClipped = clipping.map { !$0.contains(value) } ?? false
        canvas.set(x: column, y: y, style: isSelected ? .accent : isClipped ? .clipping : style)
      }
    }
  }
}
