internal import Graphs
internal import Kernels
internal import Tensors

/// FusedMatMul of com.microsoft: a scaled product of matrices that may lie transposed.
struct FusedMatrixMultiplication: OperatorKernel {
  static let widensHalves = true
  private let isTransposed: [Bool]
  private let alpha: Float

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    isTransposed = ["transA", "transB"].map { node.int($0) ?? 0 != 0 }
    alpha = node.float("alpha") ?? 1
    for name in ["transBatchA", "transBatchB"] where node.int(name) ?? 0 != 0 {
      throw .unsupportedVariant(
        operatorName: node.operatorName.description, node: node.name,
        detail: "its attribute '\(name)' is set")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let (left, right) = try (site.input(0), site.input(1))
    for value in [left, right] { try site.requireFloat(value) }
    guard left.shape.rank > 0, right.shape.rank > 0 else {
      throw site.mismatch("\(left.shape) with \(right.shape)")
    }
    // One-dimensional operands stand for a row or a column, which nothing transposes.
    let a = left.shape.rank == 1 ? Shape([1] + left.shape.dimensions) : left.shape
    let b = right.shape.rank == 1 ? Shape(right.shape.dimensions + [1]) : right.shape
    let turnsA = isTransposed[0] && left.shape.rank > 1
    let turnsB = isTransposed[1] && right.shape.rank > 1
    let (lastA, lastB) = (a.rank - 1, b.rank - 1)
    let (rows, depth) = turnsA ? (a[lastA], a[lastA - 1]) : (a[lastA - 1], a[lastA])
    let (inner, columns) = turnsB ? (b[lastB], b[lastB - 1]) : (b[lastB - 1], b[lastB])
    let batchA = Shape(a.dimensions.dropLast(2))
    let batchB = Shape(b.dimensions.dropLast(2))
    guard inner == depth, let batch = batchA.broadcast(with: batchB) else {
      throw site.mismatch("\(left.shape) with \(right.shape)")
    }
    let shape = Shape(
      batch.dimensions + (left.shape.rank == 1 ? [] : [rows])
        + (right.shape.rank == 1 ? [] : [columns]))
    let kernel = MatMulFloat(
      rows: rows, depth: depth, columns: columns, transposedLeft: turnsA, transposedRight: turnsB,
      alpha: alpha, isa: site.isa)
    let operands = [site.read(left), site.read(right)]
    let result = try site.output(0, .float32, shape)
    try site.emit(
      kernel, named: kernel.kernelName, over: BroadcastLoop(batchA, batchB, to: batch),
      batch: batch.elementCount, of: operands, into: result)
  }
}
