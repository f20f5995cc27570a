/// A matrix product with a constant right side:
/// `c[m, n] = activation(alpha * a[m, k] @ b[k, n] + bias[n] + addend[m, n])`.
package struct GEMMFloat: Sendable {
  package let depth: Int
  package let columns: Int
  private let panels: PackedPanels
  private let activation: FloatActivation
  private let isa: InstructionSet

  /// - `weights`: `[depth, columns]`, or `[columns, depth]` when `transposed`.
  /// - `bias`: one per column.
  package init(
    depth: Int, columns: Int, weights: [Float], transposed: Bool = false, alpha: Float = 1,
    bias: [Float]? = nil, activation: FloatActivation = .none, isa: InstructionSet = .best
  ) {
    precondition(
      depth >= 0 && columns > 0 && weights.count == depth * columns,
      "\(weights.count) weights for \(depth) × \(columns)")
    precondition(bias.map { $0.count == columns } ?? true, "a bias for each of \(columns) columns")
    self.depth = depth
    self.columns = columns
    self.activation = activation
    self.isa = isa
    let padded = weights.isEmpty ? [0] : weights
    panels = padded.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { preconditionFailure("no weights") }
      return PackedPanels(
        taps: 1, channels: depth, columns: columns,
        source: PackedPanels.Source(
          base: base, tapStride: 0, channelStride: transposed ? 1 : columns,
          columnStride: transposed ? depth : 1),
        factor: alpha, bias: bias, isa: isa)
    }
  }

  /// The kernel that runs.
  package var kernelName: String { "f32-gemm-\(isa.floatTile)-\(isa.forFloats.rawValue)" }

  /// Bytes of scratch memory that `run` needs on so many threads.
  package func scratchByteCount(threads: Int) -> Int {
    threads * PointwiseRun.byteCount(depth: depth, columns: columns)
  }

  /// - `input`: `[rows, depth]`.
  /// - `addend`: `[rows, columns]`, added before the activation; may be `output`.
  /// - `output`: `[rows, columns]`.
  /// - `scratch`: `scratchByteCount(threads:)` bytes, aligned to 64.
  package func run(
    _ input: UnsafePointer<Float>, addend: UnsafePointer<Float>? = nil,
    into output: UnsafeMutablePointer<Float>, rows: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    PointwiseRun(
      input: input, inputStride: depth, rows: rows, panels: panels.view,
      output: BlockOutput(base: output, rowStride: columns, addend: addend),
      activation: activation, isa: isa
    ).run(scratch: scratch, pool: pool)
  }
}

/// A product whose left rows lie one behind the other.
struct PointwiseRun {
  var input: UnsafePointer<Float>
  var inputStride: Int
  var rows: Int
  var panels: PanelView
  var output: BlockOutput
  var activation: FloatActivation
  var isa: InstructionSet

  /// Scratch memory for one thread.
  static func byteCount(depth: Int, columns: Int) -> Int {
    roundedUp(BlockPlan.mostRows(fresh: depth, columns: columns, taps: 1) * 8, to: 64)
  }

  func run(scratch: UnsafeMutableRawPointer, pool: ThreadPool) {
    let columns = panels.panels.reduce(0) { $0 + $1.columns }
    let plan = BlockPlan(
      rows: rows, depth: panels.depth, fresh: panels.depth, columns: columns, taps: 1,
      panels: panels.panels.count,
      threads: pool.threadCount)
    let bytes = Self.byteCount(depth: panels.depth, columns: columns)
    pool.dynamic(plan.taskCount) { tasks, worker in
      let pointers = (scratch + worker * bytes).assumingMemoryBound(
        to: UnsafePointer<Float>.self)
      for index in tasks {
        let task = plan.task(index)
        for row in task.rows {
          pointers[row - task.rows.lowerBound] = input + row * inputStride
        }
        let first = task.rows.lowerBound * output.rowStride
        panels.multiply(
          RowTable(
            pointers: pointers, rowStride: task.rows.count, taps: 1, channels: panels.depth),
          rowCount: task.rows.count, panels: task.panels, nextPanel: task.nextPanel,
          into: BlockOutput(
            base: output.base + first, rowStride: output.rowStride,
            addend: output.addend.map { $0 + first }),
          activation: activation, isa: isa)
      }
    }
  }
}
