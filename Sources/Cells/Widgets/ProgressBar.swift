/// A bar that fills from the left, with its percentage, or another label, at the right edge.
package struct ProgressBar: Widget {
  /// 0 is empty, 1 is full; values outside are clamped.
  package var fraction: Double
  package var style: Style
  /// What stands in place of the percentage.
  package var label: String?

  package init(fraction: Double, style: Style = .accent, label: String? = nil) {
    self.fraction = fraction
    self.style = style
    self.label = label
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    let fraction = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
    let text = label ?? "\(Int(fraction * 100))%"
    let line = area.top(1)
    let bar = line.leading(line.width - max(text.cellWidth, 4) - 1)
    buffer.fill(bar, with: buffer.glyphs.barEmpty, style: .dim)
    buffer.fill(
      bar.leading(Int(Double(bar.width) * fraction)), with: buffer.glyphs.barFull, style: style)
    buffer.write(text, in: line.droppingLeading(bar.width), alignment: .trailing)
  }
}
