internal import Graphs
internal import Kernels
internal import Tensors

/// Concat along any axis, in the layout of its largest operand.
struct Concatenation: OperatorKernel {
  private let axis: Int

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    guard let axis = node.int("axis") else {
      throw .invalidAttribute(
        operatorName: "Concat", node: node.name, attribute: "axis", detail: "is missing")
    }
    self.axis = Int(clamping: axis)
  }

  /// The shape of the result, and the resolved axis.
  func shape(of parts: [Value], _ site: OperatorSite) throws(ExecutionError) -> (Shape, Int) {
    guard let first = parts.first else { throw site.mismatch("nothing to concatenate") }
    let axis = try site.axis(self.axis, of: first.shape)
    var shape = first.shape
    for part in parts.dropFirst() {
      var other = part.shape
      guard other.rank == shape.rank, part.elementType == first.elementType else {
        throw site.mismatch("\(first.elementType) \(first.shape) with \(part.elementType) \(other)")
      }
      let extent = other[axis]
      other[axis] = shape[axis]
      guard other == shape else { throw site.mismatch("\(first.shape) with \(part.shape)") }
      shape[axis] += extent
    }
    return (shape, axis)
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    var parts: [Value] = []
    for index in 0..<site.inputCount { parts.append(try site.input(index)) }
    let (shape, axis) = try shape(of: parts, site)
    guard parts[0].elementType.bitWidth % 8 == 0, parts[0].elementType != .string else {
      throw .wrongElementType(
        operatorName: "Concat", node: site.nodeName, found: parts[0].elementType)
    }
    let layout = Self.layout(of: parts)
    let memoryAxis = layout.memoryAxis(axis, rank: shape.rank)
    let width = parts[0].elementType.bitWidth / 8
    let reads = parts.map { site.read($0, layout) }
    let chunks = parts.map { part in
      layout.memoryShape(of: part.shape).dimensions[memoryAxis...].reduce(1, *) * width
    }
    let outer = layout.memoryShape(of: shape).dimensions[..<memoryAxis].reduce(1, *)
    let row = chunks.reduce(0, +)
    let result = try site.output(0, parts[0].elementType, shape, layout)
    let target = site.write(result)
    try site.emit([result], kernel: "concatenate", reads: reads) {
      (run: RunContext) throws(ExecutionError) in
      let output = run.raw(target)
      run.pool.parallel(outer, grain: max(1, 65_536 / max(row, 1))) { range in
        var start = 0
        for (part, chunk) in zip(reads, chunks) {
          let input = run.raw(part)
          for index in range {
            (output + index * row + start).copyMemory(from: input + index * chunk, byteCount: chunk)
          }
          start += chunk
        }
      }
    }
  }

  static func layout(of parts: [Value]) -> Layout {
    guard let rank = parts.first?.shape.rank, Layout.supportsChannelsLast(rank: rank) else {
      return .rowMajor
    }
    let largest = parts.max { $0.shape.elementCount < $1.shape.elementCount }
    return largest?.preferredLayout ?? .rowMajor
  }
}
