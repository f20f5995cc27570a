/// A matrix product of reals in integers: rows are quantized when they are known, all with one scale,
/// and the sums are made real again.
package struct DynamicProductInt8: Sendable {
  private let product: OffsetProductInt8
  private let scaling: AccumulatorScaling
  private let quantization: DynamicQuantization
  private let isa: InstructionSet

  package var depth: Int { product.depth }
  package var columns: Int { product.columns }
  package var kernelName: String { "dynamic-" + product.kernelName }

  package init(
    _ product: OffsetProductInt8, scaling: AccumulatorScaling,
    quantization: DynamicQuantization = .onnx, isa: InstructionSet = .best
  ) {
    precondition(
      scaling.columns == product.columns,
      "\(scaling.columns) scaled columns of \(product.columns)")
    self.product = product
    self.scaling = scaling
    self.quantization = quantization
    self.isa = isa
  }

  /// Bytes of scratch that `run` and `runCodes` need for up to `rows` rows.
  package func scratchByteCount(rows: Int, threads: Int) -> Int {
    codeByteCount(rows: rows) + product.scratchByteCount(rows: rows, threads: threads)
  }

  private func codeByteCount(rows: Int) -> Int { roundedUp(rows * depth, to: 64) }

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
      codes, parameters, into: output, rows: rows,
      scratch: scratch + codeByteCount(rows: rows), pool: pool)
  }

  /// As `run`, with codes that were made elsewhere.
  package func runCodes(
    _ codes: UnsafePointer<UInt8>, _ parameters: DynamicQuantization.Parameters,
    into output: UnsafeMutablePointer<Float>, rows: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    let sums = UnsafeMutableRawPointer(output).assumingMemoryBound(to: Int32.self)
    product.run(
      codes, zeroPoint: parameters.zeroPoint, sums, rows: rows, scratch: scratch, pool: pool)
    scaling.run(sums, rows: rows, inputScale: parameters.scale, pool: pool)
  }
}
