internal import Graphs
internal import Kernels
internal import Tensors

/// Resize along the spatial axes: nearest in every coordinate and rounding mode, and linear.
struct Resizing: OperatorKernel {
  static let widensHalves = true
  private let isNearest: Bool
  private let coordinates: ResizeCoordinates
  private let axes: [Int]?

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    let mode = node.string("mode") ?? "nearest"
    guard mode == "nearest" || mode == "linear" else {
      throw .unsupportedVariant(
        operatorName: "Resize", node: node.name,
        detail: "mode '\(mode)' (nearest and linear are known)")
    }
    let policy = node.string("keep_aspect_ratio_policy") ?? "stretch"
    guard node.int("antialias") ?? 0 == 0, policy == "stretch" else {
      throw .unsupportedVariant(
        operatorName: "Resize", node: node.name, detail: "antialiasing or keeping the aspect ratio")
    }
    isNearest = mode == "nearest"
    coordinates = try ResizeCoordinates(node)
    axes = node.ints("axes").map { $0.map { Int(clamping: $0) } }
  }

  /// The output shape, and for each axis how many outputs there are per input.
  func scaling(of shape: Shape, _ site: OperatorSite) throws(ExecutionError) -> (Shape, [Float]) {
    var resolved = Array(0..<shape.rank)
    if let axes {
      resolved = []
      for axis in axes { resolved.append(try site.axis(axis, of: shape)) }
    }
    var result = shape
    var scales = [Float](repeating: 1, count: shape.rank)
    if site.hasInput(3) {
      let sizes = try site.integers(3)
      guard sizes.count == resolved.count, sizes.allSatisfy({ $0 > 0 && $0 < 1 << 31 }) else {
        throw site.mismatch("sizes \(sizes) for \(shape)")
      }
      for (axis, size) in zip(resolved, sizes) {
        result[axis] = size
        scales[axis] = Float(size) / Float(shape[axis])
      }
      return (result, scales)
    }
    let given = try site.floats(2)
    guard given.count == resolved.count, given.allSatisfy({ $0 > 0 && $0 < 65_536 }) else {
      throw site.mismatch("scales \(given) for \(shape)")
    }
    for (axis, scale) in zip(resolved, given) {
      result[axis] = Int((Float(shape[axis]) * scale).rounded(.down))
      scales[axis] = scale
    }
    return (result, scales)
  }

  /// The axes as a picture: rows and columns, where one-dimensional data have one row.
  struct Picture {
    let batch: Int
    let channels: Int
    let height: Int
    let width: Int
    let outputHeight: Int
    let outputWidth: Int
    let rowScale: Float
    let columnScale: Float
  }

  func picture(
    _ shape: Shape, _ result: Shape, _ scales: [Float], _ site: OperatorSite
  ) throws(ExecutionError) -> Picture {
    guard Layout.supportsChannelsLast(rank: shape.rank), result[0] == shape[0],
      result[1] == shape[1], shape.dimensions[1...].allSatisfy({ $0 > 0 })
    else {
      throw site.unsupported("\(shape) to \(result): only the last one or two of 3 or 4 axes")
    }
    let flat = shape.rank == 3
    return Picture(
      batch: shape[0], channels: shape[1], height: flat ? 1 : shape[2],
      width: shape[shape.rank - 1], outputHeight: flat ? 1 : result[2],
      outputWidth: result[shape.rank - 1], rowScale: flat ? 1 : scales[2],
      columnScale: scales[shape.rank - 1])
  }

  /// The source rows and columns of a nearest resize.
  func nearestSources(_ picture: Picture) -> (rows: [Int], columns: [Int])? {
    guard isNearest else { return nil }
    return (
      coordinates.nearest(
        input: picture.height, output: picture.outputHeight, scale: picture.rowScale),
      coordinates.nearest(
        input: picture.width, output: picture.outputWidth, scale: picture.columnScale)
    )
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let (shape, scales) = try scaling(of: input.shape, site)
    if shape == input.shape, scales.allSatisfy({ $0 == 1 }) {
      return site.emitAlias(of: input, shape: shape)
    }
    let picture = try picture(input.shape, shape, scales, site)
    let source = site.read(input, .channelsLast)
    if let sources = nearestSources(picture) {
      let width = input.elementType.bitWidth / 8
      let result = try site.output(0, input.elementType, shape, .channelsLast)
      let target = site.write(result)
      return try site.emit([result], kernel: "resize-nearest", reads: [source]) {
        (run: RunContext) throws(ExecutionError) in
        Resize.nearest(
          run.raw(source), into: run.raw(target), batch: picture.batch,
          inputHeight: picture.height, inputWidth: picture.width,
          pixelByteCount: picture.channels * width, sourceRows: sources.rows,
          sourceColumns: sources.columns, pool: run.pool)
      }
    }
    try site.requireFloat(input)
    let rows = coordinates.linear(
      input: picture.height, output: picture.outputHeight, scale: picture.rowScale)
    let columns = coordinates.linear(
      input: picture.width, output: picture.outputWidth, scale: picture.columnScale)
    let result = try site.output(0, .float32, shape, .channelsLast)
    let target = site.write(result)
    let isa = site.isa
    try site.emit([result], kernel: "resize-linear-f32-\(isa.rawValue)", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      Resize.linear(
        run.floats(source), into: run.floats(target), batch: picture.batch,
        inputHeight: picture.height, inputWidth: picture.width, channels: picture.channels,
        rows: rows, columns: columns, isa: isa, pool: run.pool)
    }
  }
}
