internal import Graphs
internal import Tensors

/// Expand and Tile: the same elements over and over.
struct Repetition: OperatorKernel {
  private let isTile: Bool

  init(_ node: Node, opset: Int64) { isTile = node.is("Tile") }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let wanted = try site.integers(1)
    guard input.elementType.bitWidth >= 8 else {
      throw .wrongElementType(
        operatorName: site.operatorName, node: site.nodeName, found: input.elementType)
    }
    let shape: Shape
    let extents: [Int]
    let strides: [Int]
    if isTile {
      guard wanted.count == input.shape.rank, wanted.allSatisfy({ $0 >= 0 && $0 < 1 << 31 }) else {
        throw site.mismatch("repeats \(wanted) of \(input.shape)")
      }
      shape = Shape(zip(input.shape.dimensions, wanted).map { $0 * $1 })
      extents = zip(wanted, input.shape.dimensions).flatMap { [$0, $1] }
      strides = input.shape.strides.flatMap { [0, $0] }
    } else {
      guard wanted.allSatisfy({ $0 >= 0 }) else { throw site.mismatch("a shape of \(wanted)") }
      shape = try site.broadcast(input.shape, Shape(wanted))
      extents = shape.dimensions
      strides = input.shape.broadcastStrides(to: shape)
    }
    guard shape != input.shape else { return site.emitAlias(of: input, shape: shape) }
    let copy = StridedCopy(
      extents: extents, sourceStrides: strides, targetStrides: Shape(extents).strides,
      width: input.elementType.bitWidth / 8)
    let source = site.read(input)
    let result = try site.output(0, input.elementType, shape)
    let target = site.write(result)
    try site.emit([result], kernel: "copy", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      copy.run(run.raw(source), into: run.raw(target))
    }
  }
}
