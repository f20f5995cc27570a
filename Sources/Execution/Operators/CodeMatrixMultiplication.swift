internal import Graphs
internal import Kernels
internal import Tensors

/// MatMulInteger: int32 sums of products of codes, each less its zero point.
struct CodeMatrixMultiplication: OperatorKernel {
  init(_ node: Node, opset: Int64) {}

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let right = try site.input(1)
    if right.shape.rank == 2, site.compiler.constant(of: right) != nil {
      try compileConstant(site)
    } else {
      try compileComputed(right, site)
    }
  }

  /// The exact product with the constant right side, for a left side of that shape.
  static func product(
    _ left: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> OffsetProductInt8 {
    let weights = try CodeWeights(site, 1, zeroPoint: 3, channelAxis: 1)
    guard weights.shape.rank == 2, left.rank > 0, left.dimensions.last == weights.shape[0],
      weights.shape[1] > 0
    else { throw site.mismatch("\(left) with \(weights.shape)") }
    return OffsetProductInt8(
      depth: weights.shape[0], columns: weights.shape[1], weights: weights.values,
      zeroPoints: weights.zeroPoints, transposed: false, isa: site.isa)
  }

  private func compileConstant(_ site: OperatorSite) throws(ExecutionError) {
    let left = try CodeOperand(site, 0, zeroPoint: 2)
    let kernel = try Self.product(left.value.shape, site)
    let shape = Shape(left.value.shape.dimensions.dropLast() + [kernel.columns])
    let rows = shape.dimensions.dropLast().reduce(1, *)
    let source = site.read(left.value)
    let result = try site.output(0, .int32, shape)
    let target = site.write(result)
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(rows: rows, threads: site.compiler.pool.threadCount))
    try site.emit(
      [result], kernel: "matmul-" + kernel.kernelName, reads: [source] + left.buffers,
      scratch: scratch, multiplyAccumulates: rows * kernel.depth * kernel.columns,
      weightByteCount: kernel.depth * kernel.columns, isInteger: true
    ) { (run: RunContext) throws(ExecutionError) in
      kernel.run(
        run.codes(source), zeroPoint: left.zeroPoint(run), run.elements(target), rows: rows,
        scratch: run.scratch(scratch), pool: run.pool)
    }
  }

  /// Two computed sides, one matrix at a time.
  private func compileComputed(_ value: Value, _ site: OperatorSite) throws(ExecutionError) {
    let left = try CodeOperand(site, 0, zeroPoint: 2)
    let right = try CodeOperand(site, 1, zeroPoint: 3)
    let (a, b) = (left.value.shape, right.value.shape)
    // One-dimensional operands stand for a row or a column that the result does not have.
    let rows = a.rank == 1 ? 1 : a.dimensions.dropLast().last ?? 1
    let columns = b.rank == 1 ? 1 : b.dimensions.last ?? 1
    let depth = a.dimensions.last ?? 1
    let (batchA, batchB) = (Shape(a.dimensions.dropLast(2)), Shape(b.dimensions.dropLast(2)))
    guard a.rank > 0, b.rank > 0, (b.rank == 1 ? b[0] : b[b.rank - 2]) == depth,
      let batch = batchA.broadcast(with: batchB)
    else { throw site.mismatch("\(a) with \(b)") }
    let shape = Shape(
      batch.dimensions + (a.rank == 1 ? [] : [rows]) + (b.rank == 1 ? [] : [columns]))
    let sources = [site.read(left.value), site.read(right.value)]
    let result = try site.output(0, .int32, shape)
    let target = site.write(result)
    let loop = BroadcastLoop(batchA, batchB, to: batch)
    try site.emit(
      [result], kernel: "matmul-u8u8s32", reads: sources + left.buffers + right.buffers,
      multiplyAccumulates: batch.elementCount * rows * depth * columns, isInteger: true
    ) { (run: RunContext) throws(ExecutionError) in
      let (leftZero, rightZero) = (Int32(left.zeroPoint(run)), Int32(right.zeroPoint(run)))
      loop.run { index, i, j in
        let from = run.codes(sources[0]) + i * rows * depth
        let weights = run.codes(sources[1]) + j * depth * columns
        let sums: UnsafeMutablePointer<Int32> =
          run.elements(target) + index * rows * columns
        run.pool.parallel(rows, grain: max(1, 65_536 / max(depth * columns, 1))) { range in
          for row in range {
            let to = sums + row * columns
            to.update(repeating: 0, count: columns)
            for k in 0..<depth {
              let factor = Int32(from[row * depth + k]) - leftZero
              let line = weights + k * columns
              for column in 0..<columns {
                to[column] &+= factor &* (Int32(line[column]) - rightZero)
              }
            }
          }
        }
      }
    }
  }
}
