import Foundation

/// How often values occur, as columns, with the clipping range drawn over them.
///
/// Columns outside the clipping range have their own style and their own fill, so that what is
/// clipped is seen without colour too.
package struct Histogram: Widget {
  /// Occurrences in bins of equal width.
  package var counts: [Double]
  /// What the bins cover together.
  package var lowerBound: Double
  package var upperBound: Double
  /// What is shown: all bins and the clipping range when `nil`.
  package var window: ClosedRange<Double>?
  package var clipping: ClosedRange<Double>?
  /// Draws log(1 + count), which lets rare outliers be seen.
  package var isLogarithmic: Bool
  package var style: Style
  package var showsAxes: Bool

  package init(
    counts: [Double], lowerBound: Double, upperBound: Double,
    window: ClosedRange<Double>? = nil, clipping: ClosedRange<Double>? = nil,
    isLogarithmic: Bool = false, style: Style = .activation, showsAxes: Bool = true
  ) {
    self.counts = counts
    self.lowerBound = lowerBound
    self.upperBound = upperBound
    self.window = window
    self.clipping = clipping
    self.isLogarithmic = isLogarithmic
    self.style = style
    self.showsAxes = showsAxes
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    let window = shownWindow
    let largest = counts.filter(\.isFinite).max() ?? 0
    let frame = ChartFrame(
      in: area, yTop: AxisLabel.text(largest), yBottom: isLogarithmic ? "log" : "0",
      hasXLabels: showsAxes)
    let plot = showsAxes ? frame.plot : area
    if showsAxes {
      frame.draw(
        xLow: AxisLabel.text(window.lowerBound), xHigh: AxisLabel.text(window.upperBound),
        xTitle: clippingTitle, to: &buffer)
    }
    drawColumns(in: plot, over: window, to: &buffer)
    drawBounds(in: plot, over: window, to: &buffer)
  }

  /// The extent drawn from the left edge to the right.
  private var shownWindow: ClosedRange<Double> {
    if let window { return AxisLabel.span(window) }
    let bounds = [lowerBound, upperBound, clipping?.lowerBound, clipping?.upperBound]
    return AxisLabel.span(AxisLabel.extent(bounds.compactMap { $0 }) ?? 0...0)
  }

  private var clippingTitle: String {
    guard let clipping else { return "" }
    return "[\(AxisLabel.text(clipping.lowerBound)), \(AxisLabel.text(clipping.upperBound))]"
  }

  private func drawColumns(
    in plot: Rect, over window: ClosedRange<Double>, to buffer: inout CellBuffer
  ) {
    let heights = columnCounts(plot.width, over: window).map { isLogarithmic ? log1p($0) : $0 }
    guard let tallest = heights.max(), tallest > 0 else { return }
    let step = (window.upperBound - window.lowerBound) / Double(plot.width)
    for (column, height) in heights.enumerated() where height > 0 {
      // What occurs at all is seen: a column is never lower than an eighth.
      var eighths = max(Int((height / tallest * Double(plot.height * 8)).rounded()), 1)
      let centre = window.lowerBound + (Double(column) + 0.5) * step
      let isClipped = clipping.map { !$0.contains(centre) } ?? false
      var y = plot.maxY - 1
      while eighths > 0 {
        let filled = min(eighths, 8)
        let character =
          filled == 8 && isClipped
          ? buffer.glyphs.barClipped : buffer.glyphs.column(eighths: filled)
        buffer.set(
          character, x: plot.x + column, y: y, in: plot, style: isClipped ? .clipping : style)
        eighths -= 8
        y -= 1
      }
    }
  }

  /// The counts of the bins, shared out to columns by how far they overlap; the tallest column
  /// keeps the unit of a bin only where columns and bins are equally wide.
  func columnCounts(_ columns: Int, over window: ClosedRange<Double>) -> [Double] {
    guard columns > 0 else { return [] }
    var result = Array(repeating: 0.0, count: columns)
    guard upperBound > lowerBound, !counts.isEmpty else {
      // All values are the same: one column holds them.
      let total = counts.reduce(0) { $1.isFinite ? $0 + $1 : $0 }
      let place = (lowerBound - window.lowerBound) / (window.upperBound - window.lowerBound)
      if total > 0, place >= 0, place <= 1 {
        result[min(Int(place * Double(columns)), columns - 1)] = total
      }
      return result
    }
    let binWidth = (upperBound - lowerBound) / Double(counts.count)
    let step = (window.upperBound - window.lowerBound) / Double(columns)
    for (bin, count) in counts.enumerated() where count > 0 && count.isFinite {
      let low = lowerBound + Double(bin) * binWidth
      let high = low + binWidth
      let first = ((low - window.lowerBound) / step).rounded(.down)
      let last = ((high - window.lowerBound) / step).rounded(.down)
      guard last >= 0, first < Double(columns) else { continue }
      for column in Int(max(first, 0))...Int(min(last, Double(columns - 1))) {
        let left = window.lowerBound + Double(column) * step
        let overlap = min(high, left + step) - max(low, left)
        if overlap > 0 { result[column] += count * overlap / binWidth }
      }
    }
    return result
  }

  private func drawBounds(
    in plot: Rect, over window: ClosedRange<Double>, to buffer: inout CellBuffer
  ) {
    guard let clipping else { return }
    let step = (window.upperBound - window.lowerBound) / Double(max(plot.width, 1))
    for bound in [clipping.lowerBound, clipping.upperBound] where window.contains(bound) {
      let column = min(Int((bound - window.lowerBound) / step), plot.width - 1)
      for y in plot.minY..<plot.maxY where buffer[plot.x + column, y].character == " " {
        buffer.set(
          buffer.glyphs.vertical, x: plot.x + column, y: y, in: plot, style: .clipping)
      }
    }
  }
}
