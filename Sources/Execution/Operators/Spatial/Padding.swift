internal import Graphs
internal import Tensors

/// Pad with a constant, the edge, a reflection or the other end.
struct Padding: OperatorKernel {
  enum Mode: String { case constant, reflect, edge, wrap }

  let mode: Mode
  /// The code of real zero, when codes are padded in place of real values.
  var codeFill: UInt8?

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    let name = node.string("mode") ?? "constant"
    guard let mode = Mode(rawValue: name) else {
      throw .invalidAttribute(
        operatorName: "Pad", node: node.name, attribute: "mode", detail: "is '\(name)'")
    }
    self.mode = mode
  }

  /// Elements before and after each axis; negative ones remove.
  func amounts(
    for shape: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> (begin: [Int], end: [Int]) {
    let pads = try site.integers(1)
    let axes = site.hasInput(3) ? try site.integers(3) : Array(0..<shape.rank)
    guard pads.count == 2 * axes.count else {
      throw site.mismatch("\(pads.count) amounts for \(axes.count) axes")
    }
    var begin = [Int](repeating: 0, count: shape.rank)
    var end = begin
    for (index, axis) in axes.enumerated() {
      let axis = try site.axis(axis, of: shape)
      begin[axis] = pads[index]
      end[axis] = pads[axes.count + index]
    }
    for axis in 0..<shape.rank {
      let (low, high) = (max(begin[axis], 0), max(end[axis], 0))
      guard max(low, high) <= 1 << 31, begin[axis] >= -(1 << 31), end[axis] >= -(1 << 31),
        shape[axis] + begin[axis] + end[axis] >= 0,
        mode == .constant || low + high == 0
          || shape[axis] + min(begin[axis], 0) + min(end[axis], 0) > 0
      else { throw site.mismatch("pads \(pads) of \(shape), mode \(mode.rawValue)") }
    }
    return (begin, end)
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let (begin, end) = try amounts(for: input.shape, site)
    guard begin.contains(where: { $0 != 0 }) || end.contains(where: { $0 != 0 }) else {
      return site.emitAlias(of: input, shape: input.shape)
    }
    let shape = Shape(input.shape.dimensions.indices.map { input.shape[$0] + begin[$0] + end[$0] })
    let fill = try fill(input.elementType, site)
    if mode == .constant, fill.allSatisfy({ $0 == 0 }),
      site.defer(padding: input, begin: begin, end: end, shape: shape)
    {
      return
    }
    let layout = input.preferredLayout
    let source = site.read(input, layout)
    let result = try site.output(0, input.elementType, shape, layout)
    let target = site.write(result)
    let mode = self.mode
    let copy = IndexedCopy(
      from: layout.memoryShape(of: input.shape),
      sources: layout.axes(rank: shape.rank).map { axis in
        mode.sources(begin: begin[axis], extent: input.shape[axis], end: end[axis])
      }, fill: fill)
    try site.emit([result], kernel: "pad", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      copy.run(run.raw(source), into: run.raw(target), pool: run.pool)
    }
  }

  /// The bytes of the constant.
  private func fill(_ type: ElementType, _ site: OperatorSite) throws(ExecutionError) -> [UInt8] {
    if let codeFill { return [codeFill] }
    guard type.bitWidth >= 8 else {
      throw .wrongElementType(operatorName: "Pad", node: site.nodeName, found: type)
    }
    guard mode == .constant, let value = try site.optionalConstant(2) else {
      return [UInt8](repeating: 0, count: type.bitWidth / 8)
    }
    guard value.elementType == type, value.elementCount == 1 else {
      throw site.mismatch("the constant is \(value.elementType), the data \(type)")
    }
    return value.withUnsafeBytes { Array($0) }
  }
}

extension Padding.Mode {
  /// For each index of a padded axis, that of the input. What is removed is not repeated.
  func sources(begin: Int, extent: Int, end: Int) -> [Int] {
    let first = max(0, -begin)
    let kept = extent - first - max(0, -end)
    return (0..<extent + begin + end).map { index in
      let source = source(of: index - max(0, begin), extent: kept)
      return source < 0 ? -1 : source + first
    }
  }

  /// The index of the element at `position`, which may lie outside of `0..<extent`; -1 for the
  /// constant. Reflections and repetitions go on for as long as it takes.
  private func source(of position: Int, extent: Int) -> Int {
    if position >= 0 && position < extent { return position }
    switch self {
    case .constant: return -1
    case .edge: return min(max(position, 0), extent - 1)
    case .wrap: return (position % extent + extent) % extent
    case .reflect:
      guard extent > 1 else { return 0 }
      let period = 2 * (extent - 1)
      let place = (position % period + period) % period
      return min(place, period - place)
    }
  }
}
