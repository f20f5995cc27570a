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
  /// Of all taps, one after the other.
  private var found: [Run] = []
  /// Where the runs of each tap begin in `found`.
  private var starts = [0]

  /// Neighbouring positions at which a tap lies on the image.
  private struct Run {
    var position: Int
    var pixel: Int
    var count: Int
  }

  /// The positions along one axis at which a tap lies on the image, and the pixel that it would meet
  /// at position 0.
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
    for tap in 0..<tapCount {
      let spans = axes.indices.map { axis in
        let window = axes[axis]
        let place = tap / strides[axis] % window.kernel * window.dilation - window.padBegin
        let first = place >= 0 ? 0 : (window.stride - 1 - place) / window.stride
        let room = image[axis] - 1 - place
        let end = room < 0 ? 0 : min(positions[axis], room / window.stride + 1)
        return Span(first: first, end: max(first, end), offset: place)
      }
      collect(spans, 0, position: 0, pixel: 0)
      starts.append(found.count)
    }
  }

  private mutating func collect(_ spans: [Span], _ axis: Int, position: Int, pixel: Int) {
    let (span, stride) = (spans[axis], axes[axis].stride)
    let (position, pixel) = (position * positions[axis], pixel * image[axis] + span.offset)
    guard axis == spans.count - 1 else {
      for index in span.first..<span.end {
        collect(spans, axis + 1, position: position + index, pixel: pixel + index * stride)
      }
      return
    }
    guard span.end > span.first else { return }
    found.append(
      Run(
        position: position + span.first, pixel: pixel + span.first * stride,
        count: span.end - span.first))
  }

  /// Calls `body` with runs of neighbouring positions at which the tap lies on the image: the first
  /// position, the pixel there, and how many there are.
  @inline(__always)
  func runs(tap: Int, _ body: (_ position: Int, _ pixel: Int, _ count: Int) -> Void) {
    found.withUnsafeBufferPointer { found in
      for index in starts[tap]..<starts[tap + 1] {
        let run = found[index]
        body(run.position, run.pixel, run.count)
      }
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
