internal import CKernels

/// `exp(x) / sum(exp(x))` over the innermost axis.
package enum SoftmaxFloat {
  /// - `input`: `[rows, columns]`.
  /// - `output`: the same; may be `input`.
  /// - `logarithm`: whether to give the logarithm of it.
  package static func run(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, rows: Int,
    columns: Int, logarithm: Bool = false, isa: InstructionSet, pool: ThreadPool
  ) {
    let kernel = isa.floatKernels.softmax
    pool.parallel(rows, grain: max(1, 4_096 / max(columns, 1))) { range in
      for row in range {
        kernel(input + row * columns, output + row * columns, columns, logarithm)
      }
    }
  }

  /// One row in place, on the calling thread.
  package static func run(
    inPlace row: UnsafeMutablePointer<Float>, columns: Int, isa: InstructionSet
  ) {
    isa.floatKernels.softmax(row, row, columns, false)
  }
}
