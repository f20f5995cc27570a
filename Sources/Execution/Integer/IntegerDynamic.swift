internal import Graphs
internal import Kernels
internal import Tensors

extension IntegerCompiler {
  /// A DynamicQuantizeLinear that one product alone reads becomes part of its step.
  func compileDynamicQuantizer() throws(ExecutionError) -> Bool {
    let compiler = site.compiler
    guard site.unit.outputs.count == 3,
      let reader = compiler.graph.soleReader(of: site.unit.outputs[0]),
      !compiler.isAbsorbed(reader), let node = compiler.graph.units[reader].node,
      let input = try compiler.existingValue(named: site.unit.inputs[0])
    else { return false }
    let product = IntegerCompiler(site: OperatorSite(compiler: compiler, unit: reader))
    var isCompiled = false
    if node.is("MatMulInteger") {
      guard try matMulChain(reader, input.shape, product.site)?.ownsQuantizer ?? false else {
        return false
      }
      isCompiled = try product.compileDynamicMatMul()
    } else if node.is("ConvInteger") {
      guard try convolutionChain(reader, input.shape, product.site)?.ownsQuantizer ?? false else {
        return false
      }
      isCompiled = try product.compileDynamicConvolution(node)
    }
    if isCompiled { compiler.absorb(reader) }
    return isCompiled
  }

  func compileDynamicMatMul() throws(ExecutionError) -> Bool {
    guard let index = site.compiler.graph.producer(of: site.unit.outputs[0]),
      let input = try dynamicInput(), let chain = try matMulChain(index, input.shape, site)
    else { return false }
    let product = try CodeMatrixMultiplication.product(input.shape, site)
    let kernel = DynamicProductInt8(
      product,
      scaling: AccumulatorScaling(
        columns: product.columns, scales: chain.weightScales, bias: chain.bias, isa: site.isa),
      isa: site.isa)
    let shape = Shape(input.shape.dimensions.dropLast() + [kernel.columns])
    let rows = shape.dimensions.dropLast().reduce(1, *)
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(rows: rows, threads: site.compiler.pool.threadCount))
    try emit(
      chain, input, shape, .rowMajor, kernel: kernel.kernelName, scratch: scratch,
      multiplyAccumulates: rows * kernel.depth * kernel.columns,
      weightByteCount: kernel.depth * kernel.columns, takesActivation: true,
      run: { run, source, target, activation in
        kernel.run(
          run.floats(source), into: target, rows: rows, activation: activation,
          scratch: run.scratch(scratch), pool: run.pool)
      },
      runCodes: { run, codes, parameters, target, activation in
        kernel.runCodes(
          run.codes(codes), parameters, into: target, rows: rows, activation: activation,
          scratch: run.scratch(scratch), pool: run.pool)
      })
    return true
  }

  func compileDynamicConvolution(_ node: Node) throws(ExecutionError) -> Bool {
    guard let index = site.compiler.graph.producer(of: site.unit.outputs[0]),
      let input = try dynamicInput(), let chain = try convolutionChain(index, input.shape, site)
    else { return false }
    let operation = try CodeConvolution(node, opset: site.compiler.model.opset)
    let convolution = try operation.kernel(input.shape, site)
    let geometry = convolution.geometry
    let kernel = DynamicConvolutionInt8(
      convolution,
      scaling: AccumulatorScaling(
        columns: geometry.outputChannels, scales: chain.weightScales, bias: chain.bias,
        isa: site.isa))
    let batch = input.shape[0]
    let isa = site.isa
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(batch: batch, threads: site.compiler.pool.threadCount))
    try emit(
      chain, input, geometry.outputShape(batch: batch, spatialRank: input.shape.rank - 2),
      .channelsLast, kernel: kernel.kernelName, scratch: scratch,
      multiplyAccumulates: batch * geometry.multiplyAccumulates,
      weightByteCount: geometry.weightCount, takesActivation: false,
      run: { run, source, target, _ in
        kernel.run(
          run.floats(source), into: target, batch: batch, quantization: .onnx, isa: isa,
          scratch: run.scratch(scratch), pool: run.pool)
      },
      runCodes: { run, codes, parameters, target, _ in
        kernel.runCodes(
          run.codes(codes), parameters, into: target, batch: batch, scratch: run.scratch(scratch),
          pool: run.pool)
      })
    return true
  }

  /// The real value that was or will be quantized for this unit.
  private func dynamicInput() throws(ExecutionError) -> Value? {
    let graph = site.compiler.graph
    guard let maker = graph.producer(of: site.unit.inputs[0]),
      graph.units[maker].is("DynamicQuantizeLinear"), let name = graph.units[maker].inputs.first
    else { return nil }
    return try site.compiler.existingValue(named: name)
  }

  private func matMulChain(
    _ index: Int, _ input: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> DynamicChain? {
    let compiler = site.compiler
    guard let weights = compiler.model.graph.constant(site.unit.inputs[1]), weights.shape.rank == 2
    else { return nil }
    return try DynamicChain(
      index, channels: weights.shape[1], channelAxis: 1, rank: input.rank, compiler)
  }

  private func convolutionChain(
    _ index: Int, _ input: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> DynamicChain? {
    let compiler = site.compiler
    guard let weights = compiler.model.graph.constant(site.unit.inputs[1]), weights.shape.rank > 2
    else { return nil }
    return try DynamicChain(
      index, channels: weights.shape[0], channelAxis: weights.shape.rank - 1, rank: input.rank,
      compiler)
  }

  private func emit(
    _ chain: DynamicChain, _ input: Value, _ shape: Shape, _ layout: Layout, kernel: String,
    scratch: Buffer.ID?, multiplyAccumulates: Int, weightByteCount: Int,
    takesActivation: Bool,
    run:
      @escaping (RunContext, Buffer.ID, UnsafeMutablePointer<Float>, FloatActivation) -> Void,
    runCodes:
      @escaping (
        RunContext, Buffer.ID, DynamicQuantization.Parameters, UnsafeMutablePointer<Float>,
        FloatActivation
      ) -> Void
  ) throws(ExecutionError) {
    let maker = site.compiler.graph.units[chain.quantizer]
    var reads: [Buffer.ID]
    if chain.ownsQuantizer {
      site.include(maker)
      reads = [site.read(input, layout)]
    } else {
      reads = []
      for (name, form) in zip(maker.outputs, [layout, .rowMajor, .rowMajor]) {
        reads.append(site.read(try site.compiler.value(named: name, for: site.nodeName), form))
      }
    }
    for unit in chain.units { site.absorb(unit) }
    let activation =
      takesActivation ? try site.absorbActivation(rank: shape.rank) : FloatActivation.none
    let result = try site.output(0, .float32, shape, layout)
    let target = site.write(result)
    let sources = reads
    try site.emit(
      [result], kernel: kernel, reads: reads, scratch: scratch,
      multiplyAccumulates: multiplyAccumulates, weightByteCount: weightByteCount, isInteger: true
    ) { (context: RunContext) throws(ExecutionError) in
      if sources.count == 1 {
        return run(context, sources[0], context.floats(target), activation)
      }
      let parameters = DynamicQuantization.Parameters(
        scale: context.floats(sources[1])[0], zeroPoint: context.codes(sources[2])[0])
      runCodes(context, sources[0], parameters, context.floats(target), activation)
    }
  }
}
