internal import Graphs
internal import Kernels
internal import Tensors

/// ConvInteger: int32 sums over windows of codes, each less its zero point.
struct CodeConvolution: OperatorKernel {
  private let operation: Convolution

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    operation = try Convolution(node, opset: opset)
  }

  /// The exact convolution with the constant weights, for an input of that shape.
  func kernel(_ input: Shape, _ site: OperatorSite) throws(ExecutionError) -> OffsetConvolutionInt8
  {
    let weights = try CodeWeights(site, 1, zeroPoint: 3, channelAxis: 0)
    let geometry = try operation.geometry(input: input, weights: weights.shape, site)
    return OffsetConvolutionInt8(
      geometry: geometry, weights: weights.values, zeroPoints: weights.zeroPoints, isa: site.isa)
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try CodeOperand(site, 0, zeroPoint: 2)
    let kernel = try kernel(input.value.shape, site)
    let batch = input.value.shape[0]
    let source = site.read(input.value, .channelsLast)
    let result = try site.output(
      0, .int32,
      kernel.geometry.outputShape(batch: batch, spatialRank: input.value.shape.rank - 2),
      .channelsLast)
    let target = site.write(result)
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(batch: batch, threads: site.compiler.pool.threadCount))
    try site.emit(
      [result], kernel: "conv-" + kernel.kernelName, reads: [source] + input.buffers,
      scratch: scratch, multiplyAccumulates: batch * kernel.geometry.multiplyAccumulates,
      weightByteCount: kernel.weightByteCount, isInteger: true
    ) { (run: RunContext) throws(ExecutionError) in
      kernel.run(
        run.codes(source), zeroPoint: input.zeroPoint(run), run.elements(target), batch: batch,
        scratch: run.scratch(scratch), pool: run.pool)
    }
  }
}
