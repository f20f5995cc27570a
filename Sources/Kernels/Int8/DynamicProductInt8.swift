internal import CKernels

/// A matrix product of reals in integers: rows are quantized when they are known, all with one scale,
/// `output = float(sums) * (inputScale * weightScale) + bias`.
package struct DynamicProductInt8: Sendable {
  private let product: OffsetProductInt8
  private let quantization: DynamicQuantization
  private let scales: ConstantBuffer<Float>
  private let biases: ConstantBuffer<Float>?
  private let isa: InstructionSet

  package var depth: Int { product.depth }
  package var columns: Int { product.columns }
  package var kernelName: String { "dynamic-" + product.kernelName }

  /// - `scales`: one, or one for each column.
  /// - `bias`: in real units, one for each column.
  package init(
    _ product: OffsetProductInt8, scales: [Float], bias: [Float]? = nil,
    quantization: DynamicQuantization = .onnx, isa: InstructionSet = .best
  ) {
    let columns = product.columns
    precondition(
      scales.count == 1 || scales.count == columns, "\(scales.count) scales for \(columns) columns")
    precondition(bias.map { $0.count == columns } ?? true, "a bias for each of \(columns) columns")
    self.product = product
    self.quantization = quantization
    self.isa = isa
    self.scales = ConstantBuffer(
      scales.count == 1 ? [Float](repeating: scales[0], count: columns) : scales, padding: 0)
    biases = bias.map { ConstantBuffer($0, padding: 0) }
  }

  /// Bytes of scratch that `run` and `runCodes` need for up to `rows` rows.
  package func scratchByteCount(rows: Int, threads: Int) -> Int {
    roundedUp(rows * depth, to: 64) + product.scratchByteCount(rows: rows, threads: threads)
  }

  /// - `input`: `[rows, depth]`, in real units.
  /// - `output`: `[rows, columns]`, in real units; does not overlap the input.
  package func run(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, rows: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let codes = scratch.assumingMemoryBound(to: UInt8.self)
    let parameters = quantization.quantize(
      input, into: codes, count: rows * depth, isa: isa, pool: pool)
    runCodes(
      codes, parameters, into: output, rows: rows, scratch: scratch + roundedUp(rows * depth, to: 64),
      pool: pool)
  }

  /// As `run`, with codes that were made elsewhere.
  package func runCodes(
    _ codes: UnsafePointer<UInt8>, _ parameters: DynamicQuantization.Parameters,
    into output: UnsafeMutablePointer<Float>, rows: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    // Sums become reals where they lie.
    let sums = UnsafeMutableRawPointer(output).assumingMemoryBound(to: Int32.self)
    product.run(
      codes, zeroPoint: parameters.zeroPoint, sums, rows: rows, scratch: scratch, pool: pool)
    let kernel = kern_int8_table_for(isa.kernelIsa).pointee.scale_s32_f32
    pool.parallel(rows, grain: max(1, Self.grain / max(columns, 1))) { range in
      let first = range.lowerBound * columns
      kernel(
        sums + first, output + first, range.count, columns, parameters.scale, scales.base,
        biases?.base)
    }
  }

  /// Sums that are worth a thread.
  private static let grain = 1 << 14
}
