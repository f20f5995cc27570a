internal import Graphs
internal import Kernels
internal import Tensors

/// MatMul: a product with constant weights takes in a following bias, addition and activation; a
/// product of two computed values runs one matrix at a time.
struct MatrixMultiplication: OperatorKernel {
  static let widensHalves = true
  init(_ node: Node, opset: Int64) {}

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let left = try site.input(0)
    let right = try site.input(1)
    if let scores = left.scores { return try site.compileAttention(scores, right) }
    guard left.elementType == right.elementType else {
      throw site.mismatch("\(left.elementType) with \(right.elementType)")
    }
    guard left.shape.rank > 0, right.shape.rank > 0 else {
      throw site.mismatch("\(left.shape) with \(right.shape)")
    }
    if left.elementType == .float32, right.shape.rank == 2,
      let weights = site.compiler.constant(of: right)
    {
      try compile(left, weights: weights, site)
    } else {
      try compile(left, right, site)
    }
  }

  private func compile(
    _ left: Value, weights: Tensor, _ site: OperatorSite
  ) throws(ExecutionError) {
    let (depth, columns) = (weights.shape[0], weights.shape[1])
    guard left.shape[left.shape.rank - 1] == depth else {
      throw site.mismatch("\(left.shape) with \(weights.shape)")
    }
    let shape = Shape(left.shape.dimensions.dropLast() + [columns])
    let rows = shape.dimensions.dropLast().reduce(1, *)
    let bias = try site.absorbBias(columns: columns, rank: shape.rank)
    try site.emitProduct(
      of: left, rows: rows, depth: depth, columns: columns, weights: weights.floats,
      transposed: false, alpha: 1, bias: bias, shape: shape)
  }

  private func compile(
    _ left: Value, _ right: Value, _ site: OperatorSite
  ) throws(ExecutionError) {
    // One-dimensional operands stand for a row or a column that the result does not have.
    let a = left.shape.rank == 1 ? Shape([1] + left.shape.dimensions) : left.shape
    let b = right.shape.rank == 1 ? Shape(right.shape.dimensions + [1]) : right.shape
    let (rows, depth) = (a[a.rank - 2], a[a.rank - 1])
    let columns = b[b.rank - 1]
    let batchA = Shape(a.dimensions.dropLast(2))
    let batchB = Shape(b.dimensions.dropLast(2))
    guard b[b.rank - 2] == depth, let batch = batchA.broadcast(with: batchB) else {
      throw site.mismatch("\(left.shape) with \(right.shape)")
    }
    let shape = Shape(
      batch.dimensions + (left.shape.rank == 1 ? [] : [rows])
        + (right.shape.rank == 1 ? [] : [columns]))
    if try site.defer(scoresOf: left, right, shape: shape) { return }
    let operands = [site.read(left), site.read(right)]
    guard left.elementType == .float32 else {
      let result = try site.output(0, left.elementType, shape)
      let product = NumericProduct(
        rows: rows, depth: depth, columns: columns,
        loop: BroadcastLoop(batchA, batchB, to: batch), operands: operands,
        target: site.write(result))
      return try site.emit(product, [result], reads: operands, batch: batch.elementCount)
    }
    let kernel = MatMulFloat(
      rows: rows, depth: depth, columns: columns,
      alpha: try site.absorbFactor(rank: shape.rank), isa: site.isa)
    let result = try site.output(0, .float32, shape)
    try site.emit(
      kernel, named: "matmul-f32-\(site.isa.forFloats.rawValue)",
      over: BroadcastLoop(batchA, batchB, to: batch), batch: batch.elementCount, of: operands,
      into: result)
  }
}

extension OperatorSite {
  /// Emits a float product of computed matrices, once for each of a batch.
  func emit(
    _ kernel: MatMulFloat, named name: String, over loop: BroadcastLoop, batch: Int,
    of operands: [Buffer.ID], into result: Value
  ) throws(ExecutionError) {
    let target = write(result)
    let (rows, depth, columns) = (kernel.rows, kernel.depth, kernel.columns)
    let scratch = scratch(byteCount: kernel.scratchByteCount(threads: compiler.pool.threadCount))
    try emit(
      [result], kernel: name, reads: operands, scratch: scratch,
      multiplyAccumulates: batch * rows * depth * columns
    ) { (run: RunContext) throws(ExecutionError) in
      loop.run { index, i, j in
        kernel.run(
          run.floats(operands[0]) + i * rows * depth,
          run.floats(operands[1]) + j * depth * columns,
          into: run.floats(target) + index * rows * columns, scratch: run.scratch(scratch),
          pool: run.pool)
      }
    }
  }

  /// Emits a product of numbers that no kernel knows.
  func emit(
    _ product: NumericProduct, _ results: [Value], reads: [Buffer.ID], batch: Int = 1
  ) throws(ExecutionError) {
    let type = results[0].elementType
    guard let body = type.perform(product) else {
      throw .wrongElementType(operatorName: operatorName, node: nodeName, found: type)
    }
    try emit(
      results, kernel: "matmul-\(type)", reads: reads,
      multiplyAccumulates: batch * product.rows * product.depth * product.columns, body: body)
  }

  /// Takes in a following multiplication with one constant number, or gives 1.
  func absorbFactor(rank: Int) throws(ExecutionError) -> Float {
    guard let (index, unit) = follower(), let output = lastUnit.outputs.first,
      case .affine(let scale, offset: 0)? = try elementwiseFunction(
        of: unit, input: output, rank: rank), scale.isNormal
    else { return 1 }
    absorb(index)
    return scale
  }

  /// Takes in a following addition of one constant per column.
  func absorbBias(columns: Int, rank: Int) throws(ExecutionError) -> [Float]? {
    guard let (index, unit) = follower(), unit.is("Add"), unit.inputs.count == 2,
      let output = lastUnit.outputs.first
    else { return nil }
    let other = unit.inputs[0] == output ? unit.inputs[1] : unit.inputs[0]
    guard other != output, let value = try compiler.existingValue(named: other),
      value.elementType == .float32, value.shape.rank <= rank,
      value.shape.elementCount == columns, value.shape.dimensions.last == columns,
      let tensor = compiler.constant(of: value)
    else { return nil }
    absorb(index)
    return tensor.floats
  }

  /// `activation(alpha * left @ weights + bias + addend)`, where what follows the operator decides
  /// about addend and activation.
  func emitProduct(
    of left: Value, rows: Int, depth: Int, columns: Int, weights: [Float], transposed: Bool,
    alpha: Float, bias: [Float]?, shape: Shape, addend known: Value? = nil
  ) throws(ExecutionError) {
    let addend: Value?
    if let known { addend = known } else { addend = try absorbAddend(shape: shape) }
    let activation = try absorbActivation(rank: shape.rank)
    let kernel = GEMMFloat(
      depth: depth, columns: columns, weights: weights, transposed: transposed, alpha: alpha,
      bias: bias, activation: activation, isa: isa)
    let source = read(left)
    let added = addend.map { read($0) }
    let result = try output(0, .float32, shape)
    let target = write(result)
    let scratch = scratch(
      byteCount: kernel.scratchByteCount(threads: compiler.pool.threadCount))
    try emit(
      [result], kernel: kernel.kernelName, reads: [source] + (added.map { [$0] } ?? []),
      scratch: scratch, multiplyAccumulates: rows * depth * columns,
      weightByteCount: 4 * depth * columns, sharesInputs: added == nil ? [] : [1]
    ) { (run: RunContext) throws(ExecutionError) in
      kernel.run(
        run.floats(source), addend: added.map { UnsafePointer(run.floats($0)) },
        into: run.floats(target), rows: rows, scratch: run.scratch(scratch), pool: run.pool)
    }
  }
}
