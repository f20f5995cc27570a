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
      weightByteCount: kernel.depth * kernel.columns,
      takes: .addendAndActivation(addsInPlace: kernel.addsInPlace),
      run: { run, source, target, tail in
        kernel.run(
          run.floats(source), addend: tail.addend, into: target, rows: rows,
          activation: tail.activation, scratch: run.scratch(scratch), pool: run.pool)
      },
      runCodes: { run, codes, parameters, target, tail in
        kernel.runCodes(
          run.codes(codes), parameters, addend: tail.addend, into: target, rows: rows,
          activation: tail.activation, scratch: run.scratch(scratch), pool: run.pool)
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
      weightByteCount: kernel.weightByteCount, takes: .nothing,
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

  /// What a kernel can do behind its sums.
  private enum Follower {
    case nothing
    /// - addsInPlace: whether what is added may lie where the results go.
    case addendAndActivation(addsInPlace: Bool)
  }

  /// What is done behind the sums.
  private struct Tail {
    let addend: UnsafePointer<Float>?
    let activation: FloatActivation
  }

  private func emit(
    _ chain: DynamicChain, _ input: Value, _ shape: Shape, _ layout: Layout, kernel: String,
    scratch: Buffer.ID?, multiplyAccumulates: Int, weightByteCount: Int, takes follower: Follower,
    run: @escaping (RunContext, Buffer.ID, UnsafeMutablePointer<Float>, Tail) -> Void,
    runCodes:
      @escaping (
        RunContext, Buffer.ID, DynamicQuantization.Parameters, UnsafeMutablePointer<Float>, Tail
      ) -> Void
  ) throws(ExecutionError) {
    let maker = site.compiler.graph.units[chain.quantizer]
    var sources: [Buffer.ID]
    if chain.ownsQuantizer {
      site.include(maker)
      sources = [site.read(input, layout)]
    } else {
      sources = []
      for (name, form) in zip(maker.outputs, [layout, .rowMajor, .rowMajor]) {
        sources.append(
          site.read(try site.compiler.value(named: name, for: site.nodeName), form))
      }
    }
    for unit in chain.units { site.absorb(unit) }
    var addend: Value?
    var activation = FloatActivation.none
    var sharesInputs: [Int] = []
    if case .addendAndActivation(let addsInPlace) = follower {
      addend = try site.absorbAddend(shape: shape)
      activation = try site.absorbActivation(rank: shape.rank)
      if addend != nil, addsInPlace { sharesInputs = [sources.count] }
    }
    let added = addend.map { site.read($0) }
    let result = try site.output(0, .float32, shape, layout)
    let target = site.write(result)
    let first = sources[0]
    let map = sources.count == 1 ? nil : (scale: sources[1], zeroPoint: sources[2])
    try site.emit(
      [result], kernel: kernel, reads: sources + (added.map { [$0] } ?? []), scratch: scratch,
      multiplyAccumulates: multiplyAccumulates, weightByteCount: weightByteCount, isInteger: true,
      sharesInputs: sharesInputs
    ) { (context: RunContext) throws(ExecutionError) in
      let tail = Tail(
        addend: added.map { UnsafePointer(context.floats($0)) }, activation: activation)
      guard let map else { return run(context, first, context.floats(target), tail) }
      let parameters = DynamicQuantization.Parameters(
        scale: context.floats(map.scale)[0], zeroPoint: context.codes(map.zeroPoint)[0])
      runCodes(context, first, parameters, context.floats(target), tail)
    }
  }
}
