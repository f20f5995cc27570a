internal import CKernels

/// `c[m, n] = sum over k of left[k, m] * right[k, n]`, for many k: how a gradient meets the values
/// that its weights were multiplied with.
///
/// Blocks of k are turned and packed, and added up in the result while they are in the cache. Every
/// thread has a share of the blocks and a result of its own; those are added in order.
struct TransposedProductFloat: Sendable {
  /// The right side: rows found through pointers, `[taps][channels]` each.
  struct Rows {
    /// Puts the pointers for `range` of the depth into working memory.
    let table: (_ range: Range<Int>, _ memory: UnsafeMutableRawPointer) -> RowTable
  }

  let rows: Int
  let columns: Int
  /// Bytes of working memory that a table of `blockDepth` rows takes.
  private let tableByteCount: Int
  let blockDepth: Int
  private let panels: [PackedPanels.Panel]
  private let zeros: PackedFloats
  private let isa: InstructionSet

  init(rows: Int, columns: Int, tableByteCount: (Int) -> Int, isa: InstructionSet) {
    self.rows = rows
    self.columns = columns
    self.isa = isa
    blockDepth = max(32, min(256, 131_072 / max(rows, 1) / 8 * 8))
    self.tableByteCount = roundedUp(tableByteCount(blockDepth), to: 64)
    panels = PackedPanels.cut(depth: 0, columns: columns, widest: isa.widestFloatPanel)
    zeros = PackedFloats(count: 32)
  }

  private var turnedByteCount: Int { roundedUp(rows * blockDepth * 4, to: 64) }
  private var panelByteCount: Int { roundedUp(32 * blockDepth * 4, to: 64) }
  private var pointerByteCount: Int { roundedUp(rows * 8, to: 64) }
  private var resultByteCount: Int { roundedUp(rows * columns * 4, to: 64) }
  private var threadByteCount: Int {
    tableByteCount + turnedByteCount + panelByteCount + pointerByteCount + resultByteCount
  }

  func scratchByteCount(threads: Int) -> Int { threads * threadByteCount }

  /// - `blocks`: ranges of the depth, each at most `blockDepth` long.
  /// - `left`: `[depth, leftStride]`.
  func run(
    blockCount: Int, block: (Int) -> Range<Int>, left: UnsafePointer<Float>, leftStride: Int,
    right: Rows, into output: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    guard blockCount > 0 else {
      output.update(repeating: 0, count: rows * columns)
      return
    }
    let worth = blockCount * blockDepth * rows * columns / (1 << 18)
    let parts = max(1, min(pool.threadCount, blockCount, worth))
    pool.parallel(parts) { range in
      for part in range {
        let memory = scratch + part * threadByteCount
        let result = part == 0 ? output : self.result(in: memory)
        for index in blockCount * part / parts..<blockCount * (part + 1) / parts {
          multiply(
            block(index), isFirst: index == blockCount * part / parts, left: left,
            leftStride: leftStride, right: right, into: result, memory: memory)
        }
      }
    }
    for part in 1..<max(parts, 1) {
      FloatBinary.add.apply(
        output, result(in: scratch + part * threadByteCount), into: output,
        pattern: .same(count: rows * columns), isa: isa, pool: pool)
    }
  }

  private func result(in memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
    (memory + tableByteCount + turnedByteCount + panelByteCount + pointerByteCount)
      .assumingMemoryBound(to: Float.self)
  }

  private func multiply(
    _ depth: Range<Int>, isFirst: Bool, left: UnsafePointer<Float>, leftStride: Int, right: Rows,
    into result: UnsafeMutablePointer<Float>, memory: UnsafeMutableRawPointer
  ) {
    let table = right.table(depth, memory)
    let turned = (memory + tableByteCount).assumingMemoryBound(to: Float.self)
    let packed = (memory + tableByteCount + turnedByteCount).assumingMemoryBound(to: Float.self)
    let pointers = (memory + tableByteCount + turnedByteCount + panelByteCount)
      .assumingMemoryBound(to: UnsafePointer<Float>.self)
    isa.floatKernels.transpose(
      left + depth.lowerBound * leftStride, leftStride, turned, blockDepth, depth.count, rows)
    for row in 0..<rows { pointers[row] = UnsafePointer(turned + row * blockDepth) }
    let kernel = isa.floatKernels.igemm
    for panel in panels {
      gather(panel, of: table, depth.count, into: packed)
      var block = kern_igemm_f32_block(
        rows: pointers, row_stride: rows, taps: 1, channels: depth.count, panel: packed,
        columns: panel.columns, bias: zeros.base,
        addend: isFirst ? nil : UnsafePointer(result + panel.firstColumn),
        output: result + panel.firstColumn, output_stride: columns, next: nil,
        low: -.infinity, high: .infinity, hard_swish: false)
      kernel(&block, panel.width, rows)
    }
  }

  /// Packs the columns of a panel, which may belong to several taps.
  private func gather(
    _ panel: PackedPanels.Panel, of table: RowTable, _ count: Int,
    into packed: UnsafeMutablePointer<Float>
  ) {
    let kernel = isa.gradientKernels.gather_rows
    var column = panel.firstColumn
    let end = panel.firstColumn + panel.columns
    while column < end {
      let tap = column / table.channels
      let channel = column - tap * table.channels
      let some = min(table.channels - channel, end - column)
      kernel(
        table.pointers + tap * table.rowStride, count, channel, some,
        packed + (column - panel.firstColumn), panel.width)
      column += some
    }
  }
}
