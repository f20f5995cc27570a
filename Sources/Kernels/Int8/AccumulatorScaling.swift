internal import CKernels

/// Makes int32 sums real: `float(sum) * (inputScale * scale) + bias`, with every step rounded, as a
/// chain of ONNX operators does it.
package struct AccumulatorScaling: Sendable {
  package let columns: Int
  private let scales: ConstantBuffer<Float>
  private let biases: ConstantBuffer<Float>?
  private let isa: InstructionSet

  /// - `scales`: of the weights, one or one for each column.
  /// - `bias`: in real units, one for each column.
  package init(
    columns: Int, scales: [Float], bias: [Float]? = nil, isa: InstructionSet = .best
  ) {
    precondition(
      scales.count == 1 || scales.count == columns, "\(scales.count) scales for \(columns) columns")
    precondition(bias.map { $0.count == columns } ?? true, "a bias for each of \(columns) columns")
    self.columns = columns
    self.isa = isa
    // Kernels read whole panels.
    let rest = [Float](
      repeating: 0, count: roundedUp(columns, to: Int8Panels.width) - columns)
    self.scales = ConstantBuffer(
      (scales.count == 1 ? [Float](repeating: scales[0], count: columns) : scales) + rest,
      padding: 0)
    biases = bias.map { ConstantBuffer($0 + rest, padding: 0) }
  }

  func kernelValue(factor: Float) -> kern_sum_scaling {
    kern_sum_scaling(factor: factor, scales: scales.base, biases: biases?.base, addend: nil)
  }

  /// - `sums`: `[rows, columns]`; the reals take their place in memory.
  func run(
    _ sums: UnsafeMutablePointer<Int32>, rows: Int, inputScale: Float, pool: ThreadPool
  ) {
    let kernel = kern_int8_table_for(isa.kernelIsa).pointee.scale_s32_f32
    let output = UnsafeMutableRawPointer(sums).assumingMemoryBound(to: Float.self)
    pool.parallel(rows, grain: max(1, Self.grain / max(columns, 1))) { range in
      let first = range.lowerBound * columns
      kernel(
        sums + first, output + first, range.count, columns, inputScale, scales.base,
        biases?.base)
    }
  }

  /// Sums that are worth a thread.
  private static let grain = 1 << 14
}
