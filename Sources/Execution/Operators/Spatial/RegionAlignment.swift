internal import Graphs
internal import Kernels
internal import Tensors

/// RoiAlign: the mean or largest of interpolated samples in each cell of a region.
struct RegionAlignment: OperatorKernel {
  private let isMaximum: Bool
  private let height: Int
  private let width: Int
  /// Samples per cell and axis; 0 for as many as the cell has pixels.
  private let samples: Int
  private let scale: Float
  /// Half a pixel, where coordinates are those of pixel centres.
  private let shift: Float

  static var widensHalves: Bool { true }

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    let mode = node.string("mode") ?? "avg"
    let coordinates = node.string("coordinate_transformation_mode") ?? "half_pixel"
    guard ["avg", "max"].contains(mode), ["half_pixel", "output_half_pixel"].contains(coordinates)
    else {
      throw .invalidAttribute(
        operatorName: "RoiAlign", node: node.name,
        attribute: "mode or coordinate_transformation_mode",
        detail: "is '\(mode)', '\(coordinates)'")
    }
    isMaximum = mode == "max"
    // Before opset 16 there was no shift and no choice.
    shift = opset >= 16 && coordinates == "half_pixel" ? 0.5 : 0
    height = Int(clamping: node.int("output_height") ?? 1)
    width = Int(clamping: node.int("output_width") ?? 1)
    samples = Int(clamping: node.int("sampling_ratio") ?? 0)
    scale = node.float("spatial_scale") ?? 1
    guard (1...1 << 16).contains(height), (1...1 << 16).contains(width),
      (0...1 << 16).contains(samples)
    else {
      throw .invalidAttribute(
        operatorName: "RoiAlign", node: node.name,
        attribute: "output_height, output_width or sampling_ratio", detail: "is out of range")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let regions = try site.input(1)
    let images = try site.input(2)
    let (shape, type) = (input.shape, input.elementType)
    try site.require(regions, type)
    try site.require(images, .int64)
    guard shape.rank == 4, regions.shape.rank == 2, regions.shape[1] == 4,
      images.shape == [regions.shape[0]]
    else { throw site.mismatch("regions \(regions.shape) of \(shape)") }
    let count = regions.shape[0]
    let (channels, pixels) = (shape[1], shape[2] * shape[3])
    let cells = height * width
    let buffers = [site.read(input), site.read(regions), site.read(images)]
    let result = try site.output(0, type, [count, channels, height, width])
    let target = site.write(result)
    let node = site.nodeName
    func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let from = run.elements(buffers[0], of: type)
        let corners = run.elements(buffers[1], of: type)
        let images = run.elements(buffers[2], of: Int64.self)
        let to = run.elements(target, of: type)
        for region in 0..<count where !(0..<Int64(shape[0])).contains(images[region]) {
          throw .indexOutOfRange(node: node, index: images[region], count: shape[0])
        }
        run.pool.dynamic(count) { range, _ in
          for region in range {
            let image = from + Int(images[region]) * channels * pixels
            let grid = cellGrid(corners + region * 4, height: shape[2], width: shape[3])
            for channel in 0..<channels {
              let plane = image + channel * pixels
              for cell in 0..<cells {
                to[(region * channels + channel) * cells + cell] = pool(grid, cell, of: plane)
              }
            }
          }
        }
      }
    }
    try site.emitReal(
      [result], type, kernel: "roialign", reads: buffers, single: body(Float.self),
      double: body(Double.self))
  }

  /// Four pixels around a sample.
  private struct Sample<Real> {
    var offsets: (Int, Int, Int, Int)
    var weights: (Real, Real, Real, Real)
  }

  /// The samples of all cells of a region, as many for each.
  private func cellGrid<Real: RealElement>(
    _ corners: UnsafePointer<Real>, height rows: Int, width columns: Int
  ) -> [Sample<Real>] {
    let low = (0..<4).map { corners[$0] * Real(scale) - Real(shift) }
    var (regionWidth, regionHeight) = (low[2] - low[0], low[3] - low[1])
    if shift == 0 {
      regionWidth = max(regionWidth, 1)
      regionHeight = max(regionHeight, 1)
    }
    let (cellHeight, cellWidth) = (regionHeight / Real(height), regionWidth / Real(width))
    let down = sampleCount(cellHeight)
    let across = sampleCount(cellWidth)
    var grid: [Sample<Real>] = []
    grid.reserveCapacity(height * width * down * across)
    for y in 0..<height {
      for x in 0..<width {
        for i in 0..<down {
          let row =
            low[1] + Real(y) * cellHeight + (Real(i) + 0.5) * cellHeight / Real(down)
          for j in 0..<across {
            let column =
              low[0] + Real(x) * cellWidth + (Real(j) + 0.5) * cellWidth / Real(across)
            grid.append(Self.sample(row, column, rows, columns))
          }
        }
      }
    }
    return grid
  }

  private func sampleCount<Real: RealElement>(_ cell: Real) -> Int {
    guard samples == 0 else { return samples }
    return cell.isFinite ? Int(min(max(cell.rounded(.up), 0), 65_536)) : 0
  }

  private static func sample<Real: RealElement>(
    _ row: Real, _ column: Real, _ rows: Int, _ columns: Int
  ) -> Sample<Real> {
    guard row >= -1, row <= Real(rows), column >= -1, column <= Real(columns) else {
      return Sample(offsets: (0, 0, 0, 0), weights: (0, 0, 0, 0))
    }
    func split(_ place: Real, _ extent: Int) -> (Int, Int, Real) {
      let place = max(place, 0)
      let low = min(Int(place), extent - 1)
      return low >= extent - 1 ? (low, low, 0) : (low, low + 1, place - Real(low))
    }
    let (top, bottom, v) = split(row, rows)
    let (left, right, u) = split(column, columns)
    return Sample(
      offsets: (
        top * columns + left, top * columns + right, bottom * columns + left,
        bottom * columns + right
      ),
      weights: ((1 - v) * (1 - u), (1 - v) * u, v * (1 - u), v * u))
  }

  private func pool<Real: RealElement>(
    _ grid: [Sample<Real>], _ cell: Int, of plane: UnsafePointer<Real>
  ) -> Real {
    let count = grid.count / (height * width)
    guard count > 0 else { return 0 }
    var result: Real = isMaximum ? -.infinity : 0
    for sample in grid[cell * count..<(cell + 1) * count] {
      let (a, b) = (
        sample.weights.0 * plane[sample.offsets.0], sample.weights.1 * plane[sample.offsets.1]
      )
      let (c, d) = (
        sample.weights.2 * plane[sample.offsets.2], sample.weights.3 * plane[sample.offsets.3]
      )
      // ONNX takes the largest of the weighed pixels, not of the interpolated values.
      result = isMaximum ? max(result, a, b, c, d) : result + (a + b + c + d)
    }
    return isMaximum ? result : result / Real(count)
  }
}
