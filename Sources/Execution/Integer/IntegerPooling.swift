internal import Graphs
internal import Kernels
internal import Tensors

extension IntegerCompiler {
  /// MaxPool: codes are in the order of the real values, so it stays among them.
  func compileMaxPool(_ node: Node) throws(ExecutionError) -> Bool {
    guard let input = try codes(of: site.unit.inputs[0]) else { return false }
    let pooling = try Pooling(node, opset: site.compiler.model.opset)
    guard Layout.supportsChannelsLast(rank: input.value.shape.rank), !pooling.wantsIndices(site)
    else { return false }
    let window = try pooling.window(input: input.value.shape, site)
    let batch = input.value.shape[0]
    let shape = window.geometry.outputShape(
      batch: batch, spatialRank: input.value.shape.rank - 2)
    let source = site.read(input.value, .channelsLast)
    let pooled = try site.output(0, .uint8, shape, .channelsLast)
    let target = site.write(pooled)
    let kernels = self.kernels
    site.collectedOutputs = []
    try site.emit(
      [pooled], kernel: "maxpool-u8-\(site.isa.forCodes.rawValue)", reads: [source], isInteger: true
    ) { (run: RunContext) throws(ExecutionError) in
      kernels.maxPool(
        window.integerWindow, run.codes(source), run.codes(target), batch: batch, pool: run.pool)
    }
    site.collectedOutputs = nil
    declare(
      site.unit.outputs[0], shape: shape,
      as: input.moved(to: pooled))
    return true
  }

  /// AveragePool and the quantizer behind it.
  func compileAveragePool(_ node: Node) throws(ExecutionError) -> Bool {
    guard let input = try codes(of: site.unit.inputs[0]) else { return false }
    let pooling = try Pooling(node, opset: site.compiler.model.opset)
    guard Layout.supportsChannelsLast(rank: input.value.shape.rank), !pooling.wantsIndices(site)
    else { return false }
    let window = try pooling.window(input: input.value.shape, site)
    guard window.uncountedBottom == 0, window.uncountedRight == 0 else { return false }
    let batch = input.value.shape[0]
    let shape = window.geometry.outputShape(
      batch: batch, spatialRank: input.value.shape.rank - 2)
    return try compileAverage(input, shape: shape, layout: .channelsLast, name: "averagepool") {
      kernels, average, source, target, pool in
      kernels.averagePool(
        window.integerWindow, includesPadding: pooling.includesPad, average, source, target,
        batch: batch, pool: pool)
    }
  }

  /// GlobalAveragePool, or ReduceMean over all spatial axes, and the quantizer behind it.
  func compileMean(_ node: Node) throws(ExecutionError) -> Bool {
    guard let input = try codes(of: site.unit.inputs[0]) else { return false }
    let shape = input.value.shape
    let reduction = try Reduction(node, opset: site.compiler.model.opset)
    let axes = try reduction.resolvedAxes(shape, site)
    guard Layout.supportsChannelsLast(rank: shape.rank), axes == Array(2..<shape.rank) else {
      return false
    }
    let pixels = shape.dimensions[2...].reduce(1, *)
    guard pixels > 0, pixels <= 1 << 22 else { return false }
    let result = reduction.outputShape(shape, axes: axes)
    return try compileAverage(
      input, shape: result, layout: result.rank == shape.rank ? .channelsLast : .rowMajor,
      name: "globalaverage"
    ) { kernels, average, source, target, pool in
      kernels.globalAveragePool(
        average, source, target, batch: shape[0], pixels: pixels, channels: shape[1], pool: pool)
    }
  }

  private typealias AverageBody = (
    Int8Kernels, AverageInt8, UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>, ThreadPool
  ) -> Void

  private func compileAverage(
    _ input: Codes, shape: Shape, layout: Layout, name: String, _ body: @escaping AverageBody
  ) throws(ExecutionError) -> Bool {
    guard
      let tail = try QuantizedTail(
        after: site.unit.outputs[0], shape: shape, site, takesTable: false),
      tail.low == 0, tail.high == 255
    else { return false }
    let average = AverageInt8(
      inputZeroPoint: UInt8(input.zeroPoint),
      multiplier: Float(Double(input.scale) / Double(tail.first.scales[0])),
      outputZeroPoint: UInt8(tail.first.zeroPoints[0] + tail.first.shift))
    let source = site.read(input.value, .channelsLast)
    for unit in tail.units { site.absorb(unit) }
    let (codes, target) = output(tail, shape, layout)
    let kernels = self.kernels
    try site.emit(
      codes: codes, type: tail.final.type, kernel: "\(name)-u8-\(site.isa.forCodes.rawValue)",
      reads: [source], isInteger: true
    ) { (run: RunContext) throws(ExecutionError) in
      body(kernels, average, run.codes(source), run.codes(target), run.pool)
    }
    return true
  }
}
