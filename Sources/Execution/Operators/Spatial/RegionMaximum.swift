internal import Graphs
internal import Tensors

/// MaxRoiPool: the largest pixel in each cell of a region.
struct RegionMaximum: OperatorKernel {
  private let cells: [Int]
  private let scale: Float

  static let widensHalves = true

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    scale = node.float("spatial_scale") ?? 1
    cells = (node.ints("pooled_shape") ?? []).map { Int(clamping: $0) }
    guard cells.count == 2, cells.allSatisfy({ $0 > 0 && $0 < 1 << 16 }) else {
      throw .invalidAttribute(
        operatorName: "MaxRoiPool", node: node.name, attribute: "pooled_shape",
        detail: "must be two positive numbers")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let regions = try site.input(1)
    let (shape, type) = (input.shape, input.elementType)
    try site.require(regions, type)
    guard shape.rank == 4, regions.shape.rank == 2, regions.shape[1] == 5 else {
      throw site.mismatch("regions \(regions.shape) of \(shape)")
    }
    let count = regions.shape[0]
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    let (source, places) = (site.read(input), site.read(regions))
    let result = try site.output(0, type, [count, channels, cells[0], cells[1]])
    let target = site.write(result)
    let node = site.nodeName
    let cells = self.cells
    func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let from = run.elements(source, of: type)
        var to = run.elements(target, of: type)
        for region in 0..<count {
          let place = run.elements(places, of: type) + region * 5
          let image = Int64(exactly: place[0].rounded(.towardZero)) ?? -1
          guard image >= 0, image < shape[0] else {
            throw .indexOutOfRange(node: node, index: image, count: shape[0])
          }
          let rows = bins(place[2], place[4], cells[0], height)
          let columns = bins(place[1], place[3], cells[1], width)
          for channel in 0..<channels {
            let plane = from + (Int(image) * channels + channel) * height * width
            for row in rows {
              for column in columns {
                var largest: Real?
                for y in row {
                  for x in column {
                    largest = largest.map { max($0, plane[y * width + x]) } ?? plane[y * width + x]
                  }
                }
                to.pointee = largest ?? 0
                to += 1
              }
            }
          }
        }
      }
    }
    try site.emitReal(
      [result], type, kernel: "roipool", reads: [source, places], single: body(Float.self),
      double: body(Double.self))
  }

  /// The pixels of each cell along one axis.
  private func bins<Real: RealElement>(
    _ low: Real, _ high: Real, _ count: Int, _ extent: Int
  ) -> [Range<Int>] {
    func pixel(_ place: Real) -> Int {
      let pixel = (place * Real(scale)).rounded()
      return pixel.isFinite ? Int(min(max(pixel, -1e9), 1e9)) : 0
    }
    let start = pixel(low)
    let size = Real(max(pixel(high) - start + 1, 1)) / Real(count)
    return (0..<count).map { cell in
      let first = Int((Real(cell) * size).rounded(.down)) + start
      let end = Int((Real(cell + 1) * size).rounded(.up)) + start
      let (from, to) = (min(max(first, 0), extent), min(max(end, 0), extent))
      return from..<max(from, to)
    }
  }
}
