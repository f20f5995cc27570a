internal import Kernels
internal import Tensors

/// Walks the elements of a broadcast result together with those of both operands.
struct BroadcastLoop {
  private let extents: [Int]
  private let left: [Int]
  private let right: [Int]

  init(_ left: Shape, _ right: Shape, to shape: Shape) {
    extents = shape.dimensions
    self.left = left.broadcastStrides(to: shape)
    self.right = right.broadcastStrides(to: shape)
  }

  /// Calls `body` with the index of each result and those of its operands, in row-major order.
  @inline(__always)
  func run(_ body: (Int, Int, Int) -> Void) {
    let count = extents.reduce(1, *)
    guard count > 0 else { return }
    guard let inner = extents.last, let stepI = left.last, let stepJ = right.last else {
      return body(0, 0, 0)
    }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: extents.count) { position in
      position.initialize(repeating: 0)
      var (i, j) = (0, 0)
      for start in stride(from: 0, to: count, by: inner) {
        // Steps that are known while compiling make faster loops.
        switch (stepI, stepJ) {
        case (1, 1):
          for offset in 0..<inner { body(start &+ offset, i &+ offset, j &+ offset) }
        case (1, 0): for offset in 0..<inner { body(start &+ offset, i &+ offset, j) }
        case (0, 1): for offset in 0..<inner { body(start &+ offset, i, j &+ offset) }
        default:
          for offset in 0..<inner {
            body(start &+ offset, i &+ offset &* stepI, j &+ offset &* stepJ)
          }
        }
        var axis = extents.count - 2
        while axis >= 0 {
          position[axis] += 1
          i += left[axis]
          j += right[axis]
          if position[axis] < extents[axis] { break }
          i -= left[axis] * extents[axis]
          j -= right[axis] * extents[axis]
          position[axis] = 0
          axis -= 1
        }
      }
    }
  }
}

extension OperatorSite {
  func broadcast(_ left: Shape, _ right: Shape) throws(ExecutionError) -> Shape {
    guard let shape = left.broadcast(with: right) else { throw mismatch("\(left) with \(right)") }
    return shape
  }

  /// Where `value` lies in `layout` when it is seen under a shape of the same elements.
  func read(_ value: Value, as shape: Shape, _ layout: Layout) -> Buffer.ID {
    guard shape != value.shape else { return read(value, layout) }
    guard layout == .channelsLast else { return read(value) }
    let view = Value(name: value.name, elementType: value.elementType, shape: shape)
    view.forms[.rowMajor] = read(value)
    return read(view, layout)
  }

  /// A copy of a buffer of shape `from` (in memory order), repeated up to shape `to`.
  func expand(
    _ buffer: Buffer.ID, _ from: Shape, to: Shape, width: Int
  ) throws(ExecutionError) -> Buffer.ID {
    let target = compiler.addBuffer(.arena, byteCount: to.elementCount * width)
    let copy = StridedCopy(to: to, sourceStrides: from.broadcastStrides(to: to), width: width)
    let step = Step(
      name: nodeName, operatorName: "Expand", nodes: [], output: lastUnit.outputs.first ?? "",
      outputShape: to, kernel: "copy", reads: [buffer], writes: [target]
    ) { (run: RunContext) throws(ExecutionError) in
      copy.run(run.raw(buffer), into: run.raw(target))
    }
    try compiler.emit(step)
    return target
  }

  /// Emits a step of an operator that takes several; only the last one's result has a name.
  func emitPart(
    _ result: Value, isLast: Bool, kernel: String, reads: [Buffer.ID], sharesInputs: [Int],
    body: @escaping Step.Body
  ) throws(ExecutionError) {
    guard !isLast else {
      return try emit(
        [result], kernel: kernel, reads: reads, sharesInputs: sharesInputs, body: body)
    }
    try compiler.emit(
      Step(
        name: nodeName, operatorName: operatorName, nodes: unit.nodes, output: "",
        outputShape: result.shape, kernel: kernel, reads: reads, writes: [write(result)],
        sharesInputs: sharesInputs, body: body))
  }
}
