internal import Graphs
internal import Kernels
internal import Tensors

/// Gemm: `alpha * a @ b + beta * c`, with what follows it.
struct Gemm: OperatorKernel {
  static let widensHalves = true
  let alpha: Float
  let beta: Float
  let transposesLeft: Bool
  let transposesRight: Bool

  init(_ node: Node, opset: Int64) {
    alpha = node.float("alpha") ?? 1
    beta = node.float("beta") ?? 1
    transposesLeft = node.int("transA") ?? 0 != 0
    transposesRight = node.int("transB") ?? 0 != 0
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let left = try site.input(0)
    let right = try site.input(1)
    guard left.elementType == right.elementType else {
      throw site.mismatch("\(left.elementType) with \(right.elementType)")
    }
    guard left.shape.rank == 2, right.shape.rank == 2 else {
      throw site.mismatch("\(left.shape) with \(right.shape)")
    }
    let (rows, depth) =
      transposesLeft ? (left.shape[1], left.shape[0]) : (left.shape[0], left.shape[1])
    let columns = transposesRight ? right.shape[0] : right.shape[1]
    guard right.shape.elementCount == depth * columns,
      right.shape[transposesRight ? 1 : 0] == depth
    else { throw site.mismatch("\(left.shape) with \(right.shape)") }
    let shape: Shape = [rows, columns]
    let addend = try site.optionalInput(2)
    if let addend, addend.shape.broadcast(with: shape) != shape {
      throw site.mismatch("c is \(addend.shape), the result \(shape)")
    }

    guard left.elementType == .float32 else {
      return try compileTyped(
        left, right, addend, rows: rows, depth: depth, columns: columns, site)
    }
    let bias = addend.flatMap { constantBias($0, columns: columns, site) }
    let addsWhole = bias == nil && addend?.shape == shape && beta == 1
    guard let weights = site.compiler.constant(of: right), !transposesLeft,
      addend == nil || bias != nil || addsWhole
    else {
      return try compileGeneral(
        left, right, addend, rows: rows, depth: depth, columns: columns, site)
    }
    try site.emitProduct(
      of: left, rows: rows, depth: depth, columns: columns, weights: weights.floats,
      transposed: transposesRight, alpha: alpha, bias: bias, shape: shape,
      addend: addsWhole ? addend : nil)
  }

  /// `beta * c` when it is known and the same for every row.
  private func constantBias(_ value: Value, columns: Int, _ site: OperatorSite) -> [Float]? {
    guard value.elementType == .float32, let tensor = site.compiler.constant(of: value) else {
      return nil
    }
    let values = tensor.floats
    if values.count == 1 { return [Float](repeating: beta * values[0], count: columns) }
    let isRow = values.count == columns && value.shape.dimensions.last == columns
    return isRow ? values.map { beta * $0 } : nil
  }

  /// Numbers that no kernel knows.
  private func compileTyped(
    _ left: Value, _ right: Value, _ addend: Value?, rows: Int, depth: Int, columns: Int,
    _ site: OperatorSite
  ) throws(ExecutionError) {
    let shape: Shape = [rows, columns]
    if let addend, addend.elementType != left.elementType {
      throw site.mismatch("\(left.elementType) with \(addend.elementType)")
    }
    let reads = [site.read(left), site.read(right)] + (addend.map { [site.read($0)] } ?? [])
    let result = try site.output(0, left.elementType, shape)
    let product = NumericProduct(
      rows: rows, depth: depth, columns: columns, transposesLeft: transposesLeft,
      transposesRight: transposesRight, alpha: alpha,
      addend: addend.map { addend in
        NumericProduct.Addend(
          buffer: reads[2], strides: addend.shape.broadcastStrides(to: shape), beta: beta)
      }, loop: BroadcastLoop(.scalar, .scalar, to: .scalar), operands: reads,
      target: site.write(result))
    try site.emit(product, [result], reads: reads)
  }

  /// Computed weights, a transposed left side, or an addend that varies.
  private func compileGeneral(
    _ left: Value, _ right: Value, _ addend: Value?, rows: Int, depth: Int, columns: Int,
    _ site: OperatorSite
  ) throws(ExecutionError) {
    let kernel = MatMulFloat(
      rows: rows, depth: depth, columns: columns, transposedLeft: transposesLeft,
      transposedRight: transposesRight, alpha: alpha, isa: site.isa)
    let shape: Shape = [rows, columns]
    if let addend { try site.requireFloat(addend) }
    let result = try site.output(0, .float32, shape)
    let reads =
      try [left, right].map { (value) throws(ExecutionError) in site.read(value) }
      + (addend.map { [site.read($0)] } ?? [])
    let target = site.write(result)
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(threads: site.compiler.pool.threadCount))
    let strides = (addend?.shape ?? shape).broadcastStrides(to: shape)
    let beta = self.beta
    try site.emit(
      [result], kernel: "matmul-f32-\(site.isa.forFloats.rawValue)", reads: reads, scratch: scratch,
      multiplyAccumulates: rows * depth * columns
    ) { (run: RunContext) throws(ExecutionError) in
      let output = run.floats(target)
      kernel.run(
        run.floats(reads[0]), run.floats(reads[1]), into: output, scratch: run.scratch(scratch),
        pool: run.pool)
      guard reads.count > 2 else { return }
      let c = run.floats(reads[2])
      for row in 0..<rows {
        for column in 0..<columns {
          output[row * columns + column] += beta * c[row * strides[0] + column * strides[1]]
        }
      }
    }
  }
}
