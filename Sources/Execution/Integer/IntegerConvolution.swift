internal import Glibc
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
    let label = SaturationLabel(site, count: shape.elementCount)
    try site.emit(
      codes: codes, type: tail.final.type, kernel: tail.name(of: kernel.kernelName, "conv"),
      reads: [source], scratch: scratch, multiplyAccumulates: batch * geometry.multiplyAccumulates,
      weightByteCount: geometry.weightCount, isInteger: true,
      saturation: { run in
        label.measure(
          exact: { output in
            kernel.run(
              run.codes(source), output, batch: batch, scratch: run.scratch(scratch),
              pool: run.pool)
          },
          saturating: { output in
            kernel.runSaturating(run.codes(source), output, batch: batch)
          })
      }
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

/// Compares the codes of a saturating kernel with the exact ones.
struct SaturationLabel {
  private let step: String
  private let nodes: [Node.ID]
  private let count: Int

  init(_ site: OperatorSite, count: Int) {
    step = site.nodeName
    nodes = site.units.flatMap(\.nodes)
    self.count = count
  }

  func measure(
    exact: (UnsafeMutablePointer<UInt8>) -> Void,
    saturating: (UnsafeMutablePointer<UInt8>) -> SaturationCount
  ) -> StepSaturation {
    let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * count)
    defer { buffer.deallocate() }
    exact(buffer)
    let found = saturating(buffer + count)
    // Differences of codes are errors in steps; the mean of the codes is no signal.
    var (sum, squares, errors) = (0.0, 0.0, 0.0)
    for index in 0..<count {
      let (right, wrong) = (Double(buffer[index]), Double(buffer[count + index]))
      sum += right
      squares += right * right
      errors += (right - wrong) * (right - wrong)
    }
    let signal = squares - sum * sum / Double(max(count, 1))
    return StepSaturation(
      step: step, nodes: nodes, pairs: found.pairs, saturated: found.saturated,
      sqnr: errors == 0 ? .infinity : 10 * log10(signal / errors))
  }
}
