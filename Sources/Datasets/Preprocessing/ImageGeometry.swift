import Tensors

/// Where the pixels of one image go; images are `[height, width, channels]` or channels first.
enum ImageGeometry {
  /// The extents with the shorter side as given and the other in proportion, cut to a whole number
  /// as torchvision does.
  static func resized(height: Int, width: Int, shorterSide side: Int) -> (height: Int, width: Int) {
    height <= width
      ? (side, max(1, side * width / max(height, 1)))
      : (max(1, side * height / max(width, 1)), side)
  }

  /// Bilinear between the four nearest pixel centres; the border repeats.
  static func resized(
    _ image: Tensor, to extent: Preprocessing.Extent, layout: Preprocessing.Layout
  ) -> Tensor {
    let grid = Grid(image.shape, layout)
    let (height, width): (Int, Int) =
      switch extent {
      case .exact(let height, let width): (height, width)
      case .side(let side): resized(height: grid.height, width: grid.width, shorterSide: side)
      }
    guard (height, width) != (grid.height, grid.width), grid.height > 0, grid.width > 0 else {
      return image
    }
    let rows = taps(from: grid.height, to: height)
    let columns = taps(from: grid.width, to: width)
    let target = Grid(height: height, width: width, channels: grid.channels, layout: layout)
    var result = Tensor(.float32, shape: target.shape)
    image.withUnsafeElements(of: Float.self) { source in
      result.withUnsafeMutableElements(of: Float.self) { values in
        for (y, row) in rows.enumerated() {
          for (x, column) in columns.enumerated() {
            for c in 0..<grid.channels {
              let upperLeft = source[grid.index(row.low, column.low, c)]
              let upperRight = source[grid.index(row.low, column.high, c)]
              let lowerLeft = source[grid.index(row.high, column.low, c)]
              let lowerRight = source[grid.index(row.high, column.high, c)]
              let upper = upperLeft + (upperRight - upperLeft) * column.weight
              let lower = lowerLeft + (lowerRight - lowerLeft) * column.weight
              values[target.index(y, x, c)] = upper + (lower - upper) * row.weight
            }
          }
        }
      }
    }
    return result
  }

  /// The centre; an odd remainder is rounded half to even, as torchvision does.
  static func cropped(
    _ image: Tensor, to extent: Preprocessing.Extent, layout: Preprocessing.Layout, place: String
  ) throws(DatasetError) -> Tensor {
    let grid = Grid(image.shape, layout)
    let (height, width): (Int, Int) =
      switch extent {
      case .exact(let height, let width): (height, width)
      case .side(let side): (side, side)
      }
    guard height <= grid.height, width <= grid.width else {
      throw .cannotPrepare(
        place: place,
        reason: "crop=\(extent) is larger than the image of \(grid.height)x\(grid.width); "
          + "resize it first")
    }
    let top = Int((Double(grid.height - height) / 2).rounded(.toNearestOrEven))
    let left = Int((Double(grid.width - width) / 2).rounded(.toNearestOrEven))
    return switch layout {
    case .channelsLast:
      image.slice(axis: 0, from: top, count: height)
        .slice(axis: 1, from: left, count: width)
    case .channelsFirst:
      image.slice(axis: 1, from: top, count: height)
        .slice(axis: 2, from: left, count: width)
    }
  }

  /// ITU-R BT.601 luma of three channels; an image of one channel stays.
  static func gray(
    _ image: Tensor, layout: Preprocessing.Layout, place: String
  ) throws(DatasetError) -> Tensor {
    let grid = Grid(image.shape, layout)
    if grid.channels == 1 { return image }
    guard grid.channels == 3 else {
      throw .cannotPrepare(
        place: place, reason: "order=gray needs 3 channels, not \(grid.channels)")
    }
    let target = Grid(height: grid.height, width: grid.width, channels: 1, layout: layout)
    var result = Tensor(.float32, shape: target.shape)
    image.withUnsafeElements(of: Float.self) { source in
      result.withUnsafeMutableElements(of: Float.self) { values in
        for y in 0..<grid.height {
          for x in 0..<grid.width {
            values[target.index(y, x, 0)] =
              0.299 * source[grid.index(y, x, 0)] + 0.587 * source[grid.index(y, x, 1)]
              + 0.114 * source[grid.index(y, x, 2)]
          }
        }
      }
    }
    return result
  }

  /// The two neighbours of each new pixel along one axis, and how much the second weighs.
  private static func taps(from: Int, to: Int) -> [(low: Int, high: Int, weight: Float)] {
    let step = Float(from) / Float(to)
    return (0..<to).map { index in
      let centre = max((Float(index) + 0.5) * step - 0.5, 0)
      let low = min(Int(centre), from - 1)
      return (low, min(low + 1, from - 1), centre - Float(low))
    }
  }

  /// Where a pixel's channel lies in memory.
  private struct Grid {
    let height: Int
    let width: Int
    let channels: Int
    let layout: Preprocessing.Layout

    init(height: Int, width: Int, channels: Int, layout: Preprocessing.Layout) {
      self.height = height
      self.width = width
      self.channels = channels
      self.layout = layout
    }

    init(_ shape: Shape, _ layout: Preprocessing.Layout) {
      switch layout {
      case .channelsLast:
        self.init(height: shape[0], width: shape[1], channels: shape[2], layout: layout)
      case .channelsFirst:
        self.init(height: shape[1], width: shape[2], channels: shape[0], layout: layout)
      }
    }

    var shape: Shape {
      layout == .channelsLast ? [height, width, channels] : [channels, height, width]
    }

    func index(_ y: Int, _ x: Int, _ channel: Int) -> Int {
      layout == .channelsLast
        ? (y * width + x) * channels + channel : (channel * height + y) * width + x
    }
  }
}
