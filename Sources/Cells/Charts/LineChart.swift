import Foundation

/// Curves over a common x axis.
package struct LineChart: Widget {
  package struct Series: Hashable, Sendable {
    package var name: String
    package var points: [ChartPoint]
    package var style: Style

    package init(name: String, points: [ChartPoint], style: Style = .chart1) {
      self.name = name
      self.points = points
      self.style = style
    }

    /// Values one step apart, the first at x = 1.
    package init(name: String, values: [Double], style: Style = .chart1) {
      self.init(
        name: name,
        points: values.enumerated().map { ChartPoint(x: Double($0.offset + 1), y: $0.element) },
        style: style)
    }
  }

  package var series: [Series]
  package var xTitle: String
  /// The y axis is logarithmic; values that are not positive are left out.
  package var isLogarithmic: Bool
  /// What the y axis covers: what the values need when `nil`.
  package var yRange: ClosedRange<Double>?
  /// What the x axis covers: what the points need when `nil`.
  package var xRange: ClosedRange<Double>?

  package init(
    series: [Series], xTitle: String = "", isLogarithmic: Bool = false,
    yRange: ClosedRange<Double>? = nil, xRange: ClosedRange<Double>? = nil
  ) {
    self.series = series
    self.xTitle = xTitle
    self.isLogarithmic = isLogarithmic
    self.yRange = yRange
    self.xRange = xRange
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    let legend = area.height >= 5 && series.contains { !$0.name.isEmpty } ? area.top(1) : .zero
    let points = series.flatMap(\.points).filter(isShown)
    let given = yRange.map {
      scaled($0.lowerBound)...max(scaled($0.upperBound), scaled($0.lowerBound))
    }
    let ys = AxisLabel.span(given ?? AxisLabel.extent(points.map { scaled($0.y) }) ?? 0...0)
    let xs = AxisLabel.span(xRange ?? AxisLabel.extent(points.map(\.x)) ?? 0...0)
    let frame = ChartFrame(
      in: area.droppingTop(legend.height), yTop: AxisLabel.text(unscaled(ys.upperBound)),
      yBottom: AxisLabel.text(unscaled(ys.lowerBound)))
    drawLegend(in: legend, to: &buffer)
    frame.draw(
      xLow: AxisLabel.text(xs.lowerBound), xHigh: AxisLabel.text(xs.upperBound), xTitle: xTitle,
      to: &buffer)
    guard !points.isEmpty else {
      return buffer.write("no values yet", in: frame.plot, alignment: .centre, style: .dim)
    }
    var canvas = DotCanvas(size: frame.plot.size, glyphs: buffer.glyphs)
    for one in series { draw(one, over: xs, ys, on: &canvas) }
    canvas.draw(in: frame.plot, to: &buffer)
  }

  private func draw(
    _ series: Series, over xs: ClosedRange<Double>, _ ys: ClosedRange<Double>,
    on canvas: inout DotCanvas
  ) {
    func place(_ value: Double, _ range: ClosedRange<Double>, _ count: Int) -> Int {
      let fraction = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
      return Int((min(max(fraction, -1), 2) * Double(count - 1)).rounded())
    }
    var last: Point?
    for point in series.points {
      guard isShown(point) else {
        last = nil  // A gap in the values is a gap in the curve.
        continue
      }
      let dot = Point(
        x: place(point.x, xs, canvas.width),
        y: canvas.height - 1 - place(scaled(point.y), ys, canvas.height))
      canvas.line(from: last ?? dot, to: dot, style: series.style)
      last = dot
    }
  }

  private func drawLegend(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    var x = area.x
    for one in series where !one.name.isEmpty {
      buffer.set(buffer.glyphs.horizontal, x: x, y: area.y, in: area, style: one.style)
      x = buffer.write(one.name, x: x + 2, y: area.y, in: area, style: one.style) + 2
    }
  }

  private func isShown(_ point: ChartPoint) -> Bool {
    point.x.isFinite && point.y.isFinite && (!isLogarithmic || point.y > 0)
  }

  private func scaled(_ value: Double) -> Double {
    isLogarithmic ? log10(max(value, .leastNormalMagnitude)) : value
  }

  private func unscaled(_ value: Double) -> Double { isLogarithmic ? pow(10, value) : value }
}

/// A place in a chart, in the units of its axes.
package struct ChartPoint: Hashable, Sendable {
  package var x: Double
  package var y: Double

  package init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }
}
