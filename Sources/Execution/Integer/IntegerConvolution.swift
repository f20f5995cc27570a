internal import Graphs
internal import Kernels
internal import Tensors

extension IntegerCompiler {
  /// Conv of codes with constant int8 weights, clamps and a quantizer behind it.
  func compileConvolution(_ node: Node) throws(ExecutionError) -> Bool {
    guard let input = try codes(of: site.unit.inputs[0]),
      Layout.supportsChannelsLast(rank: input.value.shape.rank),
      let weights = try IntegerWeights(site.unit.inputs[1], channelAxis: 0, site)
    else { return false }
    let operation = try Convolution(node, opset: site.compiler.model.opset)
    let inputShape = input.value.shape
    let geometry = try operation.geometry(input: inputShape, weights: weights.shape, site)
    let batch = inputShape[0]
    let shape = geometry.outputShape(batch: batch, spatialRank: inputShape.rank - 2)
    guard
      let biases = try weights.bias(
        node.input(2), channels: geometry.outputChannels, inputScale: input.scale, site),
      let tail = try QuantizedTail(after: site.unit.outputs[0], shape: shape, site),
      let requantization = weights.requantization(tail, input: input, biases: biases)
    else { return false }
    let kernel = ConvolutionInt8(
      geometry: geometry, weights: weights.values, inputMaximum: input.maximum,
      requantization: requantization, isa: site.isa)

    let source = site.read(input.value, .channelsLast)
    for unit in tail.units { site.absorb(unit) }
    let (codes, target) = output(tail, shape, .channelsLast)
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(
        batch: batch, threads: site.compiler.pool.threadCount))
    let twin = SaturatingTwin(
      site, input: input, weights: weights, isDepthwise: geometry.isDepthwise,
      count: shape.elementCount, target: target,
      .codes(
        exact: { run, output in
          kernel.run(
            run.codes(source), output, batch: batch, scratch: run.scratch(scratch), pool: run.pool)
        },
        saturating: { run, output in
          kernel.runSaturating(run.codes(source), output, batch: batch)
        }))
    try site.emit(
      codes: codes, type: tail.final.type, kernel: tail.name(of: kernel.kernelName, "conv"),
      reads: [source], scratch: scratch, multiplyAccumulates: batch * geometry.multiplyAccumulates,
      weightByteCount: kernel.weightByteCount, isInteger: true,
      saturation: twin, safeRun: kernel.safeRun
    ) { (run: RunContext) throws(ExecutionError) in
      kernel.run(
        run.codes(source), run.codes(target), batch: batch, scratch: run.scratch(scratch),
        pool: run.pool)
    }
    return true
  }

  /// ConvTranspose, likewise.
  func compileTransposedConvolution(_ node: Node) throws(ExecutionError) -> Bool {
    guard let input = try codes(of: site.unit.inputs[0]),
      Layout.supportsChannelsLast(rank: input.value.shape.rank),
      let weights = try IntegerWeights(site.unit.inputs[1], channelAxis: 1, site),
      weights.scales.count == 1 || node.int("group") ?? 1 == 1
    else { return false }
    let operation = try ConvolutionTranspose(node, opset: site.compiler.model.opset)
    let inputShape = input.value.shape
    let geometry = try operation.geometry(input: inputShape, weights: weights.shape, site)
    let batch = inputShape[0]
    let shape = geometry.outputShape(batch: batch, spatialRank: inputShape.rank - 2)
    guard
      let biases = try weights.bias(
        node.input(2), channels: geometry.outputChannels, inputScale: input.scale, site),
      let tail = try QuantizedTail(after: site.unit.outputs[0], shape: shape, site),
      let requantization = weights.requantization(tail, input: input, biases: biases)
    else { return false }
    let kernel = ConvolutionTransposeInt8(
      geometry: geometry, weights: weights.values, inputMaximum: input.maximum,
      requantization: requantization, isa: site.isa)

    let source = site.read(input.value, .channelsLast)
    for unit in tail.units { site.absorb(unit) }
    let (codes, target) = output(tail, shape, .channelsLast)
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(
        batch: batch, threads: site.compiler.pool.threadCount))
    try site.emit(
      codes: codes, type: tail.final.type,
      kernel: tail.name(of: kernel.kernelName, "convtranspose"),
      reads: [source], scratch: scratch, multiplyAccumulates: batch * geometry.multiplyAccumulates,
      weightByteCount: geometry.weightCount, isInteger: true
    ) { (run: RunContext) throws(ExecutionError) in
      kernel.run(
        run.codes(source), run.codes(target), batch: batch, scratch: run.scratch(scratch),
        pool: run.pool)
    }
    return true
  }
}

extension QuantizedTail {
  /// The kernel that runs, and whether it looks its results up.
  func name(of kernel: String, _ operation: String) -> String {
    "\(operation)-\(kernel)" + (table == nil ? "" : "+table256")
  }
}
