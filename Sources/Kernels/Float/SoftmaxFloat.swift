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
      let first = range.lowerBound * columns
      var rows = kern_softmax_f32_rows(
        x: input + first, y: output + first, stride: columns, rows: range.count, count: columns,
        factor: 1)
      kernel(&rows, logarithm)
    }
  }

  /// One row in place, on the calling thread.
  package static func run(
    inPlace row: UnsafeMutablePointer<Float>, columns: Int, isa: InstructionSet
  ) {
    run(inPlace: row, rows: 1, columns: columns, stride: columns, factor: 1, isa: isa)
  }

  /// The softmax of `factor` times what is there, on the calling thread.
  /// - `factor`: above 0.
  static func run(
    inPlace values: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int,
    factor: Float, isa: InstructionSet
  ) {
    var rows = kern_softmax_f32_rows(
      x: values, y: values, stride: stride, rows: rows, count: columns, factor: factor)
    isa.floatKernels.softmax(&rows, false)
  }
}
