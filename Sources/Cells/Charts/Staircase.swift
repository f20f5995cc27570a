/// The mapping function of quantization: each real value against the real value that its code
/// stands for.
///
/// `x ↦ scale * (clamp(round(x / scale) + zeroPoint) - zeroPoint)`, rounding half to even. The
/// dotted diagonal is what no quantization would give; the flat ends are clipping.
package struct Staircase: Widget {
  /// Real units per step.
  package var scale: Double
  /// The code of real zero.
  package var zeroPoint: Int
  /// All codes there are.
  package var codes: ClosedRange<Int>
  /// The real values shown: the representable ones and a sixth beyond when `nil`.
  package var window: ClosedRange<Double>?

  package init(
    scale: Double, zeroPoint: Int, codes: ClosedRange<Int>, window: ClosedRange<Double>? = nil
  ) {
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.codes = codes
    self.window = window
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    guard scale.isFinite, scale > 0 else {
      return buffer.write("no scale", in: area, alignment: .centre, style: .dim)
    }
    let window = AxisLabel.span(self.window ?? roomyRange)
    let low = AxisLabel.text(window.lowerBound)
    let high = AxisLabel.text(window.upperBound)
    let frame = ChartFrame(in: area, yTop: high, yBottom: low)
    frame.draw(xLow: low, xHigh: high, xTitle: "real value", to: &buffer)
    var canvas = DotCanvas(size: frame.plot.size, glyphs: buffer.glyphs)
    guard canvas.width > 0, canvas.height > 0 else { return }
    drawDiagonal(on: &canvas)
    drawSteps(over: window, on: &canvas)
    canvas.draw(in: frame.plot, to: &buffer)
  }

  /// The real value that the code of `value` stands for, and whether it was clipped.
  func dequantized(_ value: Double) -> (value: Double, isClipped: Bool) {
    let code = (value / scale).rounded(.toNearestOrEven) + Double(zeroPoint)
    let kept = min(max(code, Double(codes.lowerBound)), Double(codes.upperBound))
    return (scale * (kept - Double(zeroPoint)), kept != code)
  }

  private var roomyRange: ClosedRange<Double> {
    let low = scale * Double(codes.lowerBound - zeroPoint)
    let high = scale * Double(codes.upperBound - zeroPoint)
    let margin = (high - low) / 6
    return (low - margin)...(high + margin)
  }

  private func drawDiagonal(on canvas: inout DotCanvas) {
    for x in stride(from: 0, to: canvas.width, by: 3) {
      let fraction = Double(x) / Double(max(canvas.width - 1, 1))
      let y = canvas.height - 1 - Int((fraction * Double(canvas.height - 1)).rounded())
      canvas.set(x: x, y: y, style: .dim)
    }
  }

  private func drawSteps(over window: ClosedRange<Double>, on canvas: inout DotCanvas) {
    let extent = window.upperBound - window.lowerBound
    var last: Point?
    for x in 0..<canvas.width {
      let real = window.lowerBound + (Double(x) + 0.5) / Double(canvas.width) * extent
      let (value, isClipped) = dequantized(real)
      let fraction = min(max((value - window.lowerBound) / extent, -1), 2)
      let dot = Point(
        x: x, y: canvas.height - 1 - Int((fraction * Double(canvas.height - 1)).rounded()))
      // The riser of a step stands in the column where the step begins.
      canvas.line(
        from: last.map { Point(x: x, y: $0.y) } ?? dot, to: dot,
        style: isClipped ? .clipping : .accent)
      last = dot
    }
  }
}
