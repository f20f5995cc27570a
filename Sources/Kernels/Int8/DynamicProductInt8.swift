/// A matrix product of reals in integers: rows are quantized when they are known, all with one
/// scale, and the sums are made real again.
package final class DynamicProductInt8: Sendable {
  private let product: OffsetProductInt8
  private let scaling: AccumulatorScaling
  private let quantization: DynamicQuantization
  private let isa: InstructionSet

  package var depth: Int { product.depth }
  package var columns: Int { product.columns }
  package var addsInPlace: Bool { product.addsInPlace }
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

  /// With room for a quad to be read across the end.
  private func codeByteCount(rows: Int) -> Int { roundedUp(rows * depth + 3, to: 64) }

  /// - `input`: `[rows, depth]`, in real units.
  /// - `addend`: `[rows, columns]`, added before the activation; may be `output` if `addsInPlace`.
  /// - `output`: `[rows, columns]`, in real units; may overlap the input, which is read before the
  ///   first result is written.
  /// - `activation`: applied to the results.
  package func run(
    _ input: UnsafePointer<Float>, addend: UnsafePointer<Float>? = nil,
    into output: UnsafeMutablePointer<Float>, rows: Int,
    activation: FloatActivation = .none, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let codes = scratch.assumingMemoryBound(to: UInt8.self)
    let parameters = quantization.quantize(
      input, into: codes, count: rows * depth, isa: isa, pool: pool)
    runCodes(
      codes, parameters, addend: addend, into: output, rows: rows, activation: activation,
      hasSlack: true,
      scratch: scratch + codeByteCount(rows: rows), pool: pool)
  }

  /// As `run`, with codes that were made elsewhere.
  /// - `hasSlack`: whether 3 bytes behind the last row may be read.
  package func runCodes(
    _ codes: UnsafePointer<UInt8>, _ parameters: DynamicQuantization.Parameters,
    addend: UnsafePointer<Float>? = nil, into output: UnsafeMutablePointer<Float>, rows: Int,
    activation: FloatActivation = .none,
    hasSlack: Bool = false, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    product.runReals(
      codes, parameters, scaling: scaling, addend: addend, activation: activation, output,
      rows: rows, hasSlack: hasSlack, scratch: scratch, pool: pool)
  }
}
