internal import CKernels

/// `result[k, i] = sum over pixels of left[pixel, k] * right[pixel, i]`: how a gradient meets the
/// values that its weights were multiplied with.
///
/// Nothing is packed: one number of one side times a run of the other is added to sums that stay in
/// registers. The side that fills vectors better is the one taken in runs, which may turn the result.
struct OuterSumFloat: Sendable {
  /// Pixels at `base + y * line + x * step`.
  struct Pixels {
    var base: UnsafePointer<Float>
    var line: Int
    var step: Int
  }

  let rows: Int
  let columns: Int
  /// Whether a result is `[columns, rows]`.
  let isTurned: Bool
  private let isa: InstructionSet

  /// - `run`: columns of one addition.
  init(rows: Int, columns: Int, run: Int, isa: InstructionSet) {
    self.rows = rows
    self.columns = columns
    self.isa = isa
    isTurned = run * Self.vectors(rows) < rows * Self.vectors(run)
  }

  /// Vectors of 16, of 4 and single numbers, by what they take.
  private static func vectors(_ count: Int) -> Int { count / 16 + count % 16 / 4 + count % 4 * 4 }

  var count: Int { rows * columns }
  var byteCount: Int { roundedUp(count * 4, to: 64) }

  /// The length of the side that is taken in runs.
  var runCount: Int { isTurned ? rows : columns }

  /// Puts zeros in some of the places of the side that is taken in runs.
  func clear(run: Range<Int>, of result: UnsafeMutablePointer<Float>) {
    for row in 0..<(isTurned ? columns : rows) {
      (result + row * runCount + run.lowerBound).update(repeating: 0, count: run.count)
    }
  }

  /// Adds what `lines` times `count` pixels give for some of the rows and columns.
  /// - `left`: begins at the first row asked for, `right` at the first column.
  func add(
    _ left: Pixels, _ right: Pixels, lines: Int, count: Int, rows: Range<Int>,
    columns: Range<Int>, to result: UnsafeMutablePointer<Float>
  ) {
    let (single, run) = isTurned ? (right, left) : (left, right)
    let stride = isTurned ? self.rows : self.columns
    let place =
      isTurned
      ? columns.lowerBound * stride + rows.lowerBound
      : rows.lowerBound * stride + columns.lowerBound
    var sum = kern_outer_sum_f32(
      left: single.base, right: run.base, lines: lines, count: count, left_line: single.line,
      left_step: single.step, right_line: run.line, right_step: run.step,
      rows: isTurned ? columns.count : rows.count, columns: isTurned ? rows.count : columns.count,
      output: result + place, output_stride: stride)
    isa.gradientKernels.outer_sum(&sum)
  }

  /// Leaves the sum of `parts` results, which lie `byteCount` apart, in the first of them.
  func join(parts: Int, _ memory: UnsafeMutableRawPointer, pool: ThreadPool) {
    let first = memory.assumingMemoryBound(to: Float.self)
    for part in 1..<max(parts, 1) {
      FloatBinary.add.apply(
        first, (memory + part * byteCount).assumingMemoryBound(to: Float.self), into: first,
        pattern: .same(count: count), isa: isa, pool: pool)
    }
  }

  /// Writes a result as `[rows, columns]`.
  func order(
    _ result: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, pool: ThreadPool
  ) {
    if isTurned {
      LayoutFloat.transpose(
        result, into: output, batch: 1, rows: columns, columns: rows, isa: isa, pool: pool)
    } else {
      output.update(from: result, count: count)
    }
  }
}
