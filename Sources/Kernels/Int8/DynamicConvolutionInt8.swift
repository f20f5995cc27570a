/// A convolution of codes that were made at run time, whose sums are made real.
package struct DynamicConvolutionInt8: Sendable {
  package let geometry: ConvolutionGeometry
  private let convolution: OffsetConvolutionInt8
  private let scaling: AccumulatorScaling

  package var kernelName: String { "dynamic-" + convolution.kernelName }

  /// Bytes of the weights that a run reads.
  package var weightByteCount: Int { convolution.weightByteCount }

  package init(_ convolution: OffsetConvolutionInt8, scaling: AccumulatorScaling) {
    precondition(
      scaling.columns == convolution.geometry.outputChannels,
      "\(scaling.columns) scaled channels of \(convolution.geometry.outputChannels)")
    self.convolution = convolution
    self.scaling = scaling
    geometry = convolution.geometry
  }

  /// Bytes of scratch that `run` and `runCodes` need.
  package func scratchByteCount(batch: Int, threads: Int) -> Int {
    codeByteCount(batch) + convolution.scratchByteCount(batch: batch, threads: threads)
  }

  private func codeByteCount(_ batch: Int) -> Int {
    roundedUp(batch * geometry.inputCount, to: 64)
  }

  /// - `input`: `[batch, inputHeight, inputWidth, inputChannels]`, in real units.
  /// - `output`: `[batch, outputHeight, outputWidth, outputChannels]`, in real units.
  package func run(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, batch: Int,
    quantization: DynamicQuantization, isa: InstructionSet, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    let codes = scratch.assumingMemoryBound(to: UInt8.self)
    let parameters = quantization.quantize(
      input, into: codes, count: batch * geometry.inputCount, isa: isa, pool: pool)
    runCodes(
      codes, parameters, into: output, batch: batch, scratch: scratch + codeByteCount(batch),
      pool: pool)
  }

  /// As `run`, with codes that were made elsewhere.
  package func runCodes(
    _ codes: UnsafePointer<UInt8>, _ parameters: DynamicQuantization.Parameters,
    into output: UnsafeMutablePointer<Float>, batch: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    let sums = UnsafeMutableRawPointer(output).assumingMemoryBound(to: Int32.self)
    convolution.run(
      codes, zeroPoint: parameters.zeroPoint, sums, batch: batch, scratch: scratch, pool: pool)
    scaling.run(
      sums, rows: batch * geometry.outputHeight * geometry.outputWidth,
      inputScale: parameters.scale, pool: pool)
  }
}
