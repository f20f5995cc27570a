internal import Graphs
internal import Kernels
internal import Tensors

/// Conv. Over one or two axes in float32 with constant weights, the packed kernels compute it with
/// what follows: a residual addition, an activation. Anything else is computed plainly.
struct Convolution: OperatorKernel {
  static let widensHalves = true

  let attributes: SpatialAttributes
  let groups: Int

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    attributes = try SpatialAttributes(node)
    groups = Int(clamping: node.int("group") ?? 1)
    guard groups > 0 else {
      throw .invalidAttribute(
        operatorName: "Conv", node: node.name, attribute: "group", detail: "must be positive")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    var input = try site.input(0)
    guard input.elementType == .float32, Layout.supportsChannelsLast(rank: input.shape.rank),
      try site.areKnown(1...2)
    else { return try compilePlainly(input, site) }
    var geometry = try geometry(input: input.shape, weights: try site.input(1).shape, site)
    if let padding = input.padding {
      input = padding.input
      site.include(padding.unit)
      geometry.move(padding)
    }
    let batch = input.shape[0]
    let spatialRank = input.shape.rank - 2
    let shape = geometry.outputShape(batch: batch, spatialRank: spatialRank)
    let weights = try site.floats(1)
    let bias = site.hasInput(2) ? try site.floats(2) : nil
    guard bias.map({ $0.count == geometry.outputChannels }) ?? true else {
      throw site.mismatch("\(bias?.count ?? 0) biases for \(geometry.outputChannels) channels")
    }
    let addend = try site.absorbAddend(shape: shape)
    let activation = try site.absorbActivation(rank: shape.rank)
    if addend == nil, input.forms[.rowMajor] != nil, input.forms[.channelsLast] == nil,
      PlanarConvolutionFloat.pays(geometry, isa: site.isa)
    {
      let kernel = PlanarConvolutionFloat(
        geometry: geometry, weights: weights, bias: bias, activation: activation, isa: site.isa)
      return try emit(kernel, of: input, shape: shape, site)
    }
    let kernel = ConvolutionFloat(
      geometry: geometry, weights: weights, bias: bias, activation: activation, isa: site.isa)

    let source = site.read(input, .channelsLast)
    let added = addend.map { site.read($0, .channelsLast) }
    let result = try site.output(0, .float32, shape, .channelsLast)
    let target = site.write(result)
    let scratchBytes = kernel.scratchByteCount(threads: site.compiler.pool.threadCount)
    let scratch = site.scratch(byteCount: scratchBytes)
    try site.emit(
      [result], kernel: kernel.kernelName, reads: [source] + (added.map { [$0] } ?? []),
      scratch: scratch, multiplyAccumulates: batch * geometry.multiplyAccumulates,
      weightByteCount: kernel.weightByteCount, sharesInputs: added == nil ? [] : [1]
    ) { (run: RunContext) throws(ExecutionError) in
      kernel.run(
        run.floats(source), addend: added.map { UnsafePointer(run.floats($0)) },
        into: run.floats(target), batch: batch, scratch: run.scratch(scratch), pool: run.pool)
    }
  }

  /// The image is read as it lies, so that nothing has to turn it.
  private func emit(
    _ kernel: PlanarConvolutionFloat, of input: Value, shape: Shape, _ site: OperatorSite
  ) throws(ExecutionError) {
    let (batch, geometry) = (input.shape[0], kernel.geometry)
    let source = site.read(input)
    let result = try site.output(0, .float32, shape, .channelsLast)
    let target = site.write(result)
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(threads: site.compiler.pool.threadCount))
    try site.emit(
      [result], kernel: kernel.kernelName, reads: [source], scratch: scratch,
      multiplyAccumulates: batch * geometry.multiplyAccumulates,
      weightByteCount: 4 * geometry.weightCount
    ) { (run: RunContext) throws(ExecutionError) in
      kernel.run(
        run.floats(source), into: run.floats(target), batch: batch, scratch: run.scratch(scratch),
        pool: run.pool)
    }
  }

  private func compilePlainly(_ input: Value, _ site: OperatorSite) throws(ExecutionError) {
    let weights = try site.input(1)
    let type = input.elementType
    try site.require(weights, type)
    let axes = try axes(input: input.shape, weights: weights.shape, site)
    let spatial = Array(input.shape.dimensions[2...])
    let positions = zip(axes, spatial).map { $0.positions(over: $1) }
    let channels = weights.shape[0]
    if let bias = try site.optionalInput(2), bias.shape != [channels] {
      throw site.mismatch("a bias \(bias.shape) for \(channels) channels")
    }
    let kernel = PlainConvolution(
      window: SlidingWindow(axes: axes, image: spatial, positions: positions),
      batch: input.shape[0], inputChannels: input.shape[1], outputChannels: channels,
      groups: groups)
    let result = try site.output(0, type, Shape([input.shape[0], channels] + positions))
    try site.emit(kernel, of: input, weights, into: result)
  }

  /// - Throws: ``ExecutionError/shapeMismatch(operatorName:node:detail:)`` when the shapes do not fit.
  func geometry(
    input: Shape, weights: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> ConvolutionGeometry {
    guard Layout.supportsChannelsLast(rank: input.rank) else {
      throw site.unsupported("\(max(input.rank - 2, 0)) spatial axes (1 and 2 are known)")
    }
    return ConvolutionGeometry(
      axes: try axes(input: input, weights: weights, site), input: Array(input.dimensions[2...]),
      inputChannels: input[1], outputChannels: weights[0], groups: groups)
  }

  /// The window over each spatial axis, for shapes that fit.
  private func axes(
    input: Shape, weights: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> [SpatialAttributes.Axis] {
    guard weights.rank == input.rank, input.rank > 2 else {
      throw site.mismatch("weights \(weights) for an input \(input)")
    }
    let kernel = Array(weights.dimensions[2...])
    guard input[1] % groups == 0, weights[0] % groups == 0, input[1] / groups == weights[1],
      weights.elementCount > 0, input.dimensions[1...].allSatisfy({ $0 > 0 }),
      attributes.kernel.map({ $0 == kernel }) ?? true
    else {
      throw site.mismatch("weights \(weights) in \(groups) groups for an input \(input)")
    }
    return try attributes.axes(kernel: kernel, input: Array(input.dimensions[2...]))
  }
}

extension ConvolutionGeometry {
  /// Makes padding that was part of the input part of the convolution.
  mutating func move(_ padding: DeferredPadding) {
    let last = padding.begin.count - 1
    inputWidth -= padding.begin[last] + padding.end[last]
    padLeft += padding.begin[last]
    padRight += padding.end[last]
    guard last > 0 else { return }
    inputHeight -= padding.begin[0] + padding.end[0]
    padTop += padding.begin[0]
    padBottom += padding.end[0]
  }
}

extension OperatorSite {
  /// Whether those operands, where the model has them, are known before the data are.
  func areKnown(_ operands: ClosedRange<Int>) throws(ExecutionError) -> Bool {
    for index in operands {
      if let value = try optionalInput(index), !compiler.isConstant(value) { return false }
    }
    return true
  }
}

extension RunContext {
  /// Working memory of a step; any address will do where it asked for none.
  func scratch(_ buffer: Buffer.ID?) -> UnsafeMutableRawPointer {
    buffer.map { raw($0) } ?? UnsafeMutableRawPointer(pointers)
  }
}
