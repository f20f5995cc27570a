internal import Tensors

/// A window that slides over an image of any number of axes: which pixels its taps meet.
///
/// At position `y`, tap `k` meets pixel `y * stride + k * dilation - padBegin` along each axis.
struct SlidingWindow {
  let axes: [SpatialAttributes.Axis]
  let image: Shape
  let positions: Shape
  let tapCount: Int
  /// Pixels between the places of a tap at neighbouring positions of a row.
  let step: Int
  /// For each tap and axis, the positions at which the tap lies on the image, and the pixel that
  /// it would meet at position 0.
  private let spans: [Span]

  private struct Span {
    var first: Int
    var end: Int
    var offset: Int
  }

  init(axes: [SpatialAttributes.Axis], image: [Int], positions: [Int]) {
    self.axes = axes
    self.image = Shape(image)
    self.positions = Shape(positions)
    let kernel = Shape(axes.map(\.kernel))
    tapCount = kernel.elementCount
    step = axes.last?.stride ?? 1
    let strides = kernel.strides
    spans = (0..<tapCount).flatMap { tap in
      axes.indices.map { axis in
        let window = axes[axis]
        let place = tap / strides[axis] % window.kernel * window.dilation - window.padBegin
        let first = place >= 0 ? 0 : (window.stride - 1 - place) / window.stride
        let room = image[axis] - 1 - place
        let end = room < 0 ? 0 : min(positions[axis], room / window.stride + 1)
        return Span(first: first, end: max(first, end), offset: place)
      }
    }
  }

  /// Calls `body` with runs of neighbouring positions at which the tap lies on the image: the first
  /// position, the pixel there, and how many there are.
  func runs(tap: Int, _ body: (_ position: Int, _ pixel: Int, _ count: Int) -> Void) {
    walk(0, tap * axes.count, 0, 0, body)
  }

  private func walk(
    _ axis: Int, _ span: Int, _ position: Int, _ pixel: Int, _ body: (Int, Int, Int) -> Void
  ) {
    let range = spans[span + axis]
    let stride = axes[axis].stride
    let positionBase = position * positions[axis]
    let pixelBase = pixel * image[axis] + range.offset
    guard axis < axes.count - 1 else {
      if range.end > range.first {
        body(
          positionBase + range.first, pixelBase + range.first * stride, range.end - range.first)
      }
      return
    }
    for index in range.first..<range.end {
      walk(axis + 1, span, positionBase + index, pixelBase + index * stride, body)
    }
  }
}

extension SpatialAttributes.Axis {
  /// How many positions a window has on an axis of that many pixels; 0 where it does not fit.
  func positions(over pixels: Int) -> Int {
    let room = pixels + padBegin + padEnd - span
    return room < 0 ? 0 : room / stride + 1
  }
}
