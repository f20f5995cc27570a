internal import Graphs
internal import Kernels
internal import Tensors

/// DeformConv over two axes: a convolution whose taps are moved, and weighed, by computed amounts.
struct DeformableConvolution: OperatorKernel {
  private let attributes: SpatialAttributes
  private let groups: Int
  private let offsetGroups: Int

  static let widensHalves = true

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    attributes = try SpatialAttributes(node)
    groups = Int(clamping: node.int("group") ?? 1)
    offsetGroups = Int(clamping: node.int("offset_group") ?? 1)
    guard groups > 0, offsetGroups > 0 else {
      throw .invalidAttribute(
        operatorName: "DeformConv", node: node.name, attribute: "group or offset_group",
        detail: "must be positive")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let weights = try site.input(1)
    let offsets = try site.input(2)
    let (shape, type) = (input.shape, input.elementType)
    for value in [weights, offsets] { try site.require(value, type) }
    guard shape.rank == 4, weights.shape.rank == 4 else {
      throw site.unsupported("an input \(shape); two spatial axes are known")
    }
    let kernel = Array(weights.shape.dimensions[2...])
    let taps = kernel[0] * kernel[1]
    let axes = try attributes.axes(kernel: kernel, input: Array(shape.dimensions[2...]))
    let rows = axes[0].positions(over: shape[2])
    let columns = axes[1].positions(over: shape[3])
    let channels = weights.shape[0]
    let mask = try site.optionalInput(4)
    guard taps > 0, shape[1] == weights.shape[1] * groups, channels % groups == 0,
      shape[1] % offsetGroups == 0,
      offsets.shape == [shape[0], offsetGroups * taps * 2, rows, columns],
      mask.map({ $0.shape == [shape[0], offsetGroups * taps, rows, columns] }) ?? true,
      try site.optionalInput(3).map({ $0.shape == [channels] }) ?? true
    else {
      throw site.mismatch(
        "weights \(weights.shape) and offsets \(offsets.shape) for an input \(shape)")
    }
    let optional = try site.optionalReads(3..<5, type)
    let required = [site.read(input), site.read(weights), site.read(offsets)]
    let result = try site.output(0, type, [shape[0], channels, rows, columns])
    let target = site.write(result)
    let positions = rows * columns
    let scratch = site.scratch(
      byteCount: shape[1] * taps * positions * (type == .float64 ? 8 : 4))
    let work = Work(
      axes: axes, channels: shape[1], height: shape[2], width: shape[3], rows: rows,
      columns: columns, offsetGroups: offsetGroups)
    let groups = self.groups
    func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let weight = run.elements(required[1], of: type)
        let bias = optional[0].map { run.elements($0, of: type) }
        let samples = run.scratch(scratch).assumingMemoryBound(to: type)
        let depth = shape[1] / groups * taps
        for image in 0..<shape[0] {
          work.sample(
            run.elements(required[0], of: type) + image * shape[1] * shape[2] * shape[3],
            offsets: run.elements(required[2], of: type)
              + image * offsetGroups * taps * 2 * positions,
            mask: optional[1].map {
              UnsafePointer(run.elements($0, of: type) + image * offsetGroups * taps * positions)
            }, into: samples, pool: run.pool)
          run.pool.dynamic(channels) { range, _ in
            for channel in range {
              let to = run.elements(target, of: type) + (image * channels + channel) * positions
              to.update(repeating: bias?[channel] ?? 0, count: positions)
              let first = channel / (channels / groups) * depth
              for row in 0..<depth {
                let factor = weight[channel * depth + row]
                let from = samples + (first + row) * positions
                for index in 0..<positions { to[index] += factor * from[index] }
              }
            }
          }
        }
      }
    }
    try site.emitReal(
      [result], type, kernel: "deformconv", reads: required + optional.compactMap { $0 },
      scratch: scratch, multiplyAccumulates: result.shape.elementCount * shape[1] / groups * taps,
      single: body(Float.self), double: body(Double.self))
  }

  /// Gathering of the moved taps of one image.
  private struct Work {
    let axes: [SpatialAttributes.Axis]
    let channels: Int
    let height: Int
    let width: Int
    let rows: Int
    let columns: Int
    let offsetGroups: Int

    /// - Parameter output: `[channels, taps, positions]`.
    func sample<Real: RealElement>(
      _ image: UnsafePointer<Real>, offsets: UnsafePointer<Real>, mask: UnsafePointer<Real>?,
      into output: UnsafeMutablePointer<Real>, pool: ThreadPool
    ) {
      let taps = axes[0].kernel * axes[1].kernel
      let positions = rows * columns
      pool.dynamic(channels * taps) { range, _ in
        for index in range {
          let (channel, tap) = (index / taps, index % taps)
          let group = channel / (channels / offsetGroups) * taps + tap
          let (down, across) = (
            offsets + group * 2 * positions, offsets + (group * 2 + 1) * positions
          )
          let plane = image + channel * height * width
          let to = output + index * positions
          for position in 0..<positions {
            let row =
              position / columns * axes[0].stride - axes[0].padBegin
              + tap / axes[1].kernel * axes[0].dilation
            let column =
              position % columns * axes[1].stride - axes[1].padBegin
              + tap % axes[1].kernel * axes[1].dilation
            let value = value(
              plane, Real(row) + down[position], Real(column) + across[position])
            to[position] = value * (mask?[group * positions + position] ?? 1)
          }
        }
      }
    }

    /// Between four pixels, those outside of the image being zero.
    private func value<Real: RealElement>(
      _ plane: UnsafePointer<Real>, _ row: Real, _ column: Real
    ) -> Real {
      guard row > -1, column > -1, row < Real(height), column < Real(width) else { return 0 }
      let (top, left) = (Int(row.rounded(.down)), Int(column.rounded(.down)))
      let (v, u) = (row - Real(top), column - Real(left))
      func pixel(_ y: Int, _ x: Int) -> Real {
        y >= 0 && y < height && x >= 0 && x < width ? plane[y * width + x] : 0
      }
      return (1 - v) * ((1 - u) * pixel(top, left) + u * pixel(top, left + 1))
        + v * ((1 - u) * pixel(top + 1, left) + u * pixel(top + 1, left + 1))
    }
  }
}
