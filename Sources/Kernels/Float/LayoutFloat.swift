internal import CKernels

/// Changes of layout.
package enum LayoutFloat {
  /// `[batch, rows, columns]` to `[batch, columns, rows]`.
  ///
  /// NCHW to NHWC has a row per channel and a column per pixel; NHWC to NCHW the other way round.
  /// - Precondition: `output` is not `input`.
  package static func transpose(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, batch: Int,
    rows: Int, columns: Int, isa: InstructionSet, pool: ThreadPool
  ) {
    let kernel = isa.floatKernels.transpose
    // Pieces of the longer side, so that either side is read or written in long runs.
    let side = 64
    let cutsColumns = columns >= rows
    let pieces = ((cutsColumns ? columns : rows) + side - 1) / side
    pool.parallel(batch * pieces, grain: max(1, 256 / (min(rows, columns) + 1))) { range in
      for index in range {
        let image = index / max(pieces, 1) * rows * columns
        let first = index % max(pieces, 1) * side
        let from = input + image
        let to = output + image
        if cutsColumns {
          kernel(
            from + first, columns, to + first * rows, rows, rows, min(side, columns - first))
        } else {
          kernel(
            from + first * columns, columns, to + first, rows, min(side, rows - first), columns)
        }
      }
    }
  }
}
