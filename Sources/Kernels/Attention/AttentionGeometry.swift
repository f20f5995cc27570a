internal import CKernels

/// How one matrix for each head lies in an operand, in elements: `base + batch * batchStride +
/// head * headStride + row * rowStride + column * columnStride`.
package struct HeadMatrices: Hashable, Sendable {
  package var batchStride: Int
  package var headStride: Int
  package var rowStride: Int
  package var columnStride: Int

  package init(batchStride: Int, headStride: Int, rowStride: Int, columnStride: Int) {
    self.batchStride = batchStride
    self.headStride = headStride
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  func start(_ batch: Int, _ head: Int) -> Int { batch * batchStride + head * headStride }

  /// Whether the elements of a row, or those of a column, follow one another.
  package var isDense: Bool { columnStride == 1 || rowStride == 1 }
}

/// The extents of `softmax(q kᵀ) v` for every head of a batch, and where its matrices lie.
package struct AttentionGeometry: Hashable, Sendable {
  package var batch: Int
  package var heads: Int
  package var queries: Int
  package var keys: Int
  /// What queries and keys are long.
  package var depth: Int
  /// What values and results are long.
  package var width: Int
  /// `[queries, depth]`, rows dense.
  package var query: HeadMatrices
  /// `[depth, keys]`
  package var key: HeadMatrices
  /// `[keys, width]`
  package var value: HeadMatrices
  /// `[queries, width]`, rows dense.
  package var result: HeadMatrices

  package init(
    batch: Int, heads: Int, queries: Int, keys: Int, depth: Int, width: Int, query: HeadMatrices,
    key: HeadMatrices, value: HeadMatrices, result: HeadMatrices
  ) {
    precondition(
      query.columnStride == 1 && result.columnStride == 1 && key.isDense && value.isDense,
      "the rows of an operand have gaps")
    self.batch = batch
    self.heads = heads
    self.queries = queries
    self.keys = keys
    self.depth = depth
    self.width = width
    self.query = query
    self.key = key
    self.value = value
    self.result = result
  }

  package var multiplyAccumulates: Int { batch * heads * queries * keys * (depth + width) }

  /// One head, and some of its queries.
  struct Task {
    let batch: Int
    let head: Int
    let queries: Range<Int>
  }

  /// Hands every head to some thread; where there are few, several times with other queries.
  func forEachTask(pool: ThreadPool, _ body: (_ task: Task, _ worker: Int) -> Void) {
    let matrices = batch * heads
    // Right sides are packed for every part, which has to pay.
    let wanted = pool.threadCount > 1 && matrices > 0 ? 2 * pool.threadCount / matrices : 1
    let parts = max(1, min(wanted, queries / 32))
    pool.dynamic(matrices * parts) { range, worker in
      for index in range {
        let (matrix, part) = (index / parts, index % parts)
        body(
          Task(
            batch: matrix / heads, head: matrix % heads,
            queries: queries * part / parts..<queries * (part + 1) / parts),
          worker)
      }
    }
  }
}

/// What happens to scores between their product and the softmax, in order.
package enum ScoreStage: Hashable, Sendable {
  /// `factor * x`
  case scaled(by: Float)
  /// `dequantize(quantize(x))`
  case rounded(scale: Float, zeroPoint: Int32)
  /// Adds the elements of a mask, `[queries, keys]` for each head; its columns are 0 or 1 apart.
  case masked(HeadMatrices)
}

/// Applies stages to rows of scores while they are in the cache.
struct ScoreStages: Sendable {
  let stages: [ScoreStage]
  let isa: InstructionSet

  /// Rows that one piece of scores has.
  static let rowsPerPiece = 24

  /// - `scores`: `[rows, stride]`, of which `keys` columns count.
  /// - `codes`: as many as a row has.
  func apply(
    to scores: UnsafeMutablePointer<Float>, stride: Int, rows: Range<Int>, keys: Int,
    of task: AttentionGeometry.Task, mask: UnsafePointer<Float>?,
    codes: UnsafeMutablePointer<UInt8>
  ) {
    let floats = isa.floatKernels
    let integers = Int8Kernels(isa: isa).table
    for stage in stages {
      for (index, query) in rows.enumerated() {
        let row = scores + index * stride
        switch stage {
        case .scaled(let factor): floats.unary(KERN_F32_AFFINE, factor, 0, row, row, keys)
        case .rounded(let scale, let zeroPoint):
          integers.quantize_f32_u8(row, codes, keys, scale, zeroPoint)
          integers.dequantize_u8_f32(codes, row, keys, scale, zeroPoint)
        case .masked(let place):
          guard let mask else { preconditionFailure("scores without their mask") }
          floats.binary(
            KERN_F32_ADD, row, 1,
            mask + place.start(task.batch, task.head) + query * place.rowStride,
            place.columnStride, row, keys)
        }
      }
    }
  }
}
