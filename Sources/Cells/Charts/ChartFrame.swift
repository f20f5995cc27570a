/// The axes of a chart: labels at the left and below, and the plot between them.
///
/// In a small area the labels go first, so that something of the plot is always there.
struct ChartFrame {
  let plot: Rect
  private let area: Rect
  private let yLabels: (top: String, bottom: String)

  init(in area: Rect, yTop: String, yBottom: String, hasXLabels: Bool = true) {
    self.area = area
    yLabels = (yTop, yBottom)
    let margin = max(yTop.cellWidth, yBottom.cellWidth) + 1
    let hasMargin = area.width >= margin + 8 && area.height >= 3
    let below = hasXLabels && area.height >= 4 ? 2 : hasXLabels && area.height >= 2 ? 1 : 0
    plot = area.droppingLeading(hasMargin ? margin : 0).droppingBottom(below)
  }

  /// Draws the lines and the labels.
  func draw(xLow: String, xHigh: String, xTitle: String = "", to buffer: inout CellBuffer) {
    let margin = Rect(x: area.x, y: plot.y, width: plot.x - area.x, height: plot.height)
    if margin.width > 0 {
      let labels = margin.droppingTrailing(1)
      buffer.write(yLabels.top, in: labels, alignment: .trailing, style: .dim)
      buffer.write(yLabels.bottom, in: labels.bottom(1), alignment: .trailing, style: .dim)
      buffer.verticalLine(margin.trailing(1))
    }
    let below = Rect(
      x: plot.x, y: plot.maxY, width: plot.width, height: area.maxY - plot.maxY)
    guard !below.isEmpty else { return }
    if below.height > 1 {
      buffer.horizontalLine(below)
      if margin.width > 0 {
        buffer.set(
          buffer.glyphs.bottomLeft, x: plot.x - 1, y: below.y, in: area, style: .border)
      }
    }
    let labels = below.bottom(1)
    buffer.write(xLow, in: labels, style: .dim)
    let right = labels.droppingLeading(xLow.cellWidth + 1)
    buffer.write(xHigh, in: right, alignment: .trailing, style: .dim)
    let middle = right.droppingTrailing(xHigh.cellWidth + 1)
    if xTitle.cellWidth <= middle.width {
      buffer.write(xTitle, in: middle, alignment: .centre, style: .dim)
    }
  }
}
