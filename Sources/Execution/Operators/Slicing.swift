internal import Graphs
internal import Tensors

/// Slice with limits known when the plan is made.
struct Slicing: OperatorKernel {
  init(_ node: Node, opset: Int64) {}

  /// One axis of the part that is taken.
  struct Range {
    var start: Int
    var step: Int
    var count: Int
  }

  func ranges(of shape: Shape, _ site: OperatorSite) throws(ExecutionError) -> [Range] {
    let starts = try site.integers(1)
    let ends = try site.integers(2)
    let axes = site.hasInput(3) ? try site.integers(3) : Array(starts.indices)
    let steps = site.hasInput(4) ? try site.integers(4) : Array(repeating: 1, count: starts.count)
    guard starts.count == ends.count, axes.count == starts.count, steps.count == starts.count else {
      throw site.mismatch("starts, ends, axes and steps differ in number")
    }
    var ranges = shape.dimensions.map { Range(start: 0, step: 1, count: $0) }
    for index in starts.indices {
      let axis = try site.axis(axes[index], of: shape)
      guard steps[index] != 0 else { throw site.mismatch("a step of 0") }
      ranges[axis] = Self.range(
        start: starts[index], end: ends[index], step: steps[index], extent: shape[axis])
    }
    return ranges
  }

  /// Negative limits count from the end; all are clamped as ONNX Slice-13 says.
  private static func range(start: Int, end: Int, step: Int, extent: Int) -> Range {
    func clamped(_ limit: Int, _ low: Int, _ high: Int) -> Int {
      let fromFront = limit < 0 ? (limit < -extent ? -1 : limit + extent) : limit
      return min(max(fromFront, low), high)
    }
    if step > 0 {
      let first = start < -extent ? 0 : clamped(start, 0, extent)
      let last = end < -extent ? 0 : clamped(end, 0, extent)
      let room = last - first
      return Range(start: first, step: step, count: room <= 0 ? 0 : (room - 1) / step + 1)
    }
    let first = clamped(start, -1, extent - 1)
    let last = clamped(end, -1, extent - 1)
    let room = first - last
    let size = step == .min ? Int.max : -step
    return Range(start: max(first, 0), step: step, count: room <= 0 ? 0 : (room - 1) / size + 1)
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let ranges = try ranges(of: input.shape, site)
    let shape = Shape(ranges.map(\.count))
    guard shape != input.shape || ranges.contains(where: { $0.step != 1 }) else {
      return site.emitAlias(of: input, shape: shape)
    }
    try site.emitPart(of: input, ranges: ranges, shape: shape)
  }
}

extension OperatorSite {
  /// Output `index` is the part of `value` that `ranges` take, in the same layout.
  func emitPart(
    of value: Value, ranges: [Slicing.Range], shape: Shape, _ index: Int = 0
  ) throws(ExecutionError) {
    guard value.elementType.bitWidth >= 8 else {
      throw .wrongElementType(
        operatorName: operatorName, node: nodeName, found: value.elementType)
    }
    let layout = value.preferredLayout
    let source = read(value, layout)
    let axes = layout.axes(rank: shape.rank)
    let strides = layout.memoryShape(of: value.shape).strides
    let width = value.elementType.bitWidth / 8
    let start = zip(axes, strides).reduce(0) { $0 + ranges[$1.0].start * $1.1 } * width
    let copy = StridedCopy(
      to: layout.memoryShape(of: shape),
      sourceStrides: zip(axes, strides).map { ranges[$0].step &* $1 }, width: width)
    let result = try output(index, value.elementType, shape, layout)
    let target = write(result)
    try emit([result], kernel: "copy", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      copy.run(run.raw(source) + start, into: run.raw(target))
    }
  }
}
