internal import CKernels

/// A matrix product of two activations, `c[m, n] = alpha * a[m, k] @ b[k, n]`.
package struct MatMulFloat: Sendable {
  package let rows: Int
  package let depth: Int
  package let columns: Int
  private let transposedLeft: Bool
  private let transposedRight: Bool
  private let alpha: Float
  private let isa: InstructionSet
  private let panels: [PackedPanels.Panel]

  /// - `transposedLeft`: whether `a` lies as `[k, m]`.
  /// - `transposedRight`: whether `b` lies as `[n, k]`.
  package init(
    rows: Int, depth: Int, columns: Int, transposedLeft: Bool = false,
    transposedRight: Bool = false, alpha: Float = 1, isa: InstructionSet = .best
  ) {
    precondition(rows >= 0 && depth >= 0 && columns >= 0, "\(rows) × \(depth) × \(columns)")
    self.rows = rows
    self.depth = depth
    self.columns = columns
    self.transposedLeft = transposedLeft
    self.transposedRight = transposedRight
    self.alpha = alpha
    self.isa = isa
    panels = PackedPanels.cut(
      depth: depth, columns: columns, widest: isa.widestFloatPanel)
  }

  /// The kernel that runs.
  package var kernelName: String { "f32-gemm-\(isa.floatTile)-\(isa.forFloats.rawValue)" }

  private var rightByteCount: Int {
    roundedUp(PackedPanels.floatCount(of: panels, depth: depth, columns: columns) * 4, to: 64)
  }
  private var leftByteCount: Int { transposedLeft ? roundedUp(rows * depth * 4, to: 64) : 0 }

  /// Bytes of scratch memory that `run` needs on so many threads.
  package func scratchByteCount(threads: Int) -> Int {
    rightByteCount + leftByteCount
      + threads * PointwiseRun.byteCount(depth: depth, columns: columns)
  }

  /// Multiplies one matrix with another.
  /// - `bias`: one per column, added to every row.
  /// - `activation`: applied to the sums.
  /// - `scratch`: `scratchByteCount(threads:)` bytes, aligned to 64.
  package func run(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
    into output: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>? = nil,
    activation: FloatActivation = .none, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let packed = scratch.assumingMemoryBound(to: Float.self)
    packed.update(repeating: 0, count: roundedUp(columns, to: 16))
    if let bias { packed.update(from: bias, count: columns) }
    let kernels = isa.floatKernels
    pool.parallel(panels.count, grain: max(1, 2_048 / max(depth, 1))) { range in
      for panel in panels[range] {
        kernels.pack(
          right + panel.firstColumn * (transposedRight ? depth : 1),
          transposedRight ? 1 : columns, transposedRight ? depth : 1, depth, panel.columns,
          panel.width, alpha, packed + panel.offset)
      }
    }
    var rowsInOrder = left
    if transposedLeft {
      let turned = (scratch + rightByteCount).assumingMemoryBound(to: Float.self)
      kernels.transpose(left, rows, turned, depth, depth, rows)
      rowsInOrder = UnsafePointer(turned)
    }
    PointwiseRun(
      input: rowsInOrder, inputStride: depth, rows: rows,
      panels: PanelView(base: UnsafePointer(packed), depth: depth, panels: panels),
      output: BlockOutput(base: output, rowStride: columns, addend: nil),
      activation: activation, isa: isa
    ).run(scratch: scratch + rightByteCount + leftByteCount, pool: pool)
  }
}
