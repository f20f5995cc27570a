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
      let limit = mode == .reflect ? shape[axis] - 1 : mode == .wrap ? shape[axis] : 1 << 31
      guard low <= limit, high <= limit, begin[axis] >= -(1 << 31), end[axis] >= -(1 << 31),
        shape[axis] + begin[axis] + end[axis] >= 0,
        mode != .edge || shape[axis] > 0 || low + high == 0
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
    let axes = layout.axes(rank: shape.rank)
    let width = fill.count
    let source = site.read(input, layout)
    let result = try site.output(0, input.elementType, shape, layout)
    let target = site.write(result)
    let copy = PaddedCopy(
      input: layout.memoryShape(of: input.shape), begin: axes.map { begin[$0] },
      output: layout.memoryShape(of: shape), mode: mode, fill: fill)
    precondition(width > 0, "elements without width")
    try site.emit([result], kernel: "pad", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      copy.run(run.raw(source), into: run.raw(target))
    }
  }

  /// The bytes of the constant.
  private func fill(_ type: ElementType, _ site: OperatorSite) throws(ExecutionError) -> [UInt8] {
    if let codeFill { return [codeFill] }
    guard type.bitWidth >= 8, type.bitWidth <= 64 else {
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

/// Copies an array into a larger or smaller one, and fills what has no source.
struct PaddedCopy {
  /// For each dimension and each index of the output, the index of the input; -1 for the constant.
  private let sources: [[Int]]
  private let strides: [Int]
  private let fill: [UInt8]

  /// Shapes and `begin` are in memory order.
  init(input: Shape, begin: [Int], output: Shape, mode: Padding.Mode, fill: [UInt8]) {
    sources = output.dimensions.indices.map { axis in
      (0..<output[axis]).map { index in
        let position = index - begin[axis]
        let extent = input[axis]
        if position >= 0 && position < extent { return position }
        switch mode {
        case .constant: return -1
        case .edge: return min(max(position, 0), extent - 1)
        case .reflect: return position < 0 ? -position : 2 * (extent - 1) - position
        case .wrap: return position < 0 ? position + extent : position - extent
        }
      }
    }
    strides = input.strides
    self.fill = fill
  }

  func run(_ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer) {
    var output = target
    walk(0, source, &output)
  }

  private func walk(
    _ axis: Int, _ source: UnsafeRawPointer?, _ output: inout UnsafeMutableRawPointer
  ) {
    let width = fill.count
    guard axis < sources.count else {
      write(source, 1, &output)
      return
    }
    let indices = sources[axis]
    guard axis == sources.count - 1 else {
      for index in indices {
        walk(axis + 1, index < 0 ? nil : source.map { $0 + index * strides[axis] * width }, &output)
      }
      return
    }
    // Runs of neighbours are copied at once.
    var position = 0
    while position < indices.count {
      let start = indices[position]
      var length = 1
      if start < 0 || source == nil {
        while position + length < indices.count, indices[position + length] < 0 || source == nil {
          length += 1
        }
        write(nil, length, &output)
      } else {
        while position + length < indices.count, indices[position + length] == start + length {
          length += 1
        }
        write(source.map { $0 + start * width }, length, &output)
      }
      position += length
    }
  }

  private func write(
    _ source: UnsafeRawPointer?, _ count: Int, _ output: inout UnsafeMutableRawPointer
  ) {
    if let source {
      output.copyMemory(from: source, byteCount: count * fill.count)
    } else {
      for index in 0..<count {
        for (byte, value) in fill.enumerated() {
          output.storeBytes(of: value, toByteOffset: index * fill.count + byte, as: UInt8.self)
        }
      }
    }
    output += count * fill.count
  }
}
