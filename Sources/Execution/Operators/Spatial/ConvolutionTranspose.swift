internal import Graphs
internal import Kernels
internal import Tensors

/// ConvTranspose. Over one or two axes in float32 with constant weights, the packed kernels compute
/// it with a following activation. Anything else is computed plainly.
struct ConvolutionTranspose: OperatorKernel {
  private let attributes: SpatialAttributes
  private let groups: Int
  private let outputPadding: [Int]
  private let outputShape: [Int]?

  static let widensHalves = true

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    attributes = try SpatialAttributes(node)
    groups = Int(clamping: node.int("group") ?? 1)
    outputPadding = (node.ints("output_padding") ?? []).map { Int(clamping: $0) }
    outputShape = node.ints("output_shape").map { $0.map { Int(clamping: $0) } }
    guard groups > 0, outputPadding.allSatisfy({ $0 >= 0 && $0 < 1 << 16 }) else {
      throw .invalidAttribute(
        operatorName: "ConvTranspose", node: node.name, attribute: "group or output_padding",
        detail: "is out of range")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    guard input.elementType == .float32, Layout.supportsChannelsLast(rank: input.shape.rank),
      try site.areKnown(1...2)
    else { return try compilePlainly(input, site) }
    let geometry = try geometry(input: input.shape, weights: try site.input(1).shape, site)
    let batch = input.shape[0]
    let shape = geometry.outputShape(batch: batch, spatialRank: input.shape.rank - 2)
    let weights = try site.floats(1)
    let bias = site.hasInput(2) ? try site.floats(2) : nil
    guard bias.map({ $0.count == geometry.outputChannels }) ?? true else {
      throw site.mismatch("\(bias?.count ?? 0) biases for \(geometry.outputChannels) channels")
    }
    let activation = try site.absorbActivation(rank: shape.rank)
    let folded = geometry.folded
    let repeated = bias.map { Array(repeatElement($0, count: geometry.strideWidth).joined()) }
    let kernel = ConvolutionTransposeFloat(
      geometry: folded ?? geometry,
      weights: folded == nil ? weights : geometry.folded(weights: weights),
      bias: folded == nil ? bias : repeated, activation: activation, isa: site.isa)
    let source = site.read(input, .channelsLast)
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
        run.floats(source), into: run.floats(target), batch: batch,
        scratch: run.scratch(scratch), pool: run.pool)
    }
  }

  private func compilePlainly(_ input: Value, _ site: OperatorSite) throws(ExecutionError) {
    let weights = try site.input(1)
    let type = input.elementType
    try site.require(weights, type)
    let axes = try axes(input: input.shape, weights: weights.shape, site)
    let spatial = Array(input.shape.dimensions[2...])
    let image = zip(axes, spatial).map { $0.outputs(for: $1) }
    let channels = weights.shape[1] * groups
    if let bias = try site.optionalInput(2), bias.shape != [channels] {
      throw site.mismatch("a bias \(bias.shape) for \(channels) channels")
    }
    let kernel = PlainConvolution(
      window: SlidingWindow(axes: axes.map(\.window), image: image, positions: spatial),
      batch: input.shape[0], inputChannels: input.shape[1], outputChannels: channels,
      groups: groups, isTransposed: true)
    let result = try site.output(0, type, Shape([input.shape[0], channels] + image))
    try site.emit(kernel, of: input, weights, into: result)
  }

  /// One axis: the window over the output, and what the output has beyond it.
  private struct Axis {
    var window: SpatialAttributes.Axis
    var outputPadding: Int

    func outputs(for inputs: Int) -> Int {
      let full = (inputs - 1) * window.stride + window.span + outputPadding
      return max(0, full - window.padBegin - window.padEnd)
    }
  }

  func geometry(
    input: Shape, weights: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> ConvolutionTransposeGeometry {
    guard Layout.supportsChannelsLast(rank: input.rank) else {
      throw site.unsupported("an input \(input) with weights \(weights)")
    }
    let axes = try axes(input: input, weights: weights, site)
    let flat = Axis(
      window: SpatialAttributes.Axis(
        kernel: 1, stride: 1, dilation: 1, padBegin: 0, padEnd: 0), outputPadding: 0)
    let vertical = axes.count == 1 ? flat : axes[0]
    let horizontal = axes[axes.count - 1]
    let (rows, columns) = (vertical.window, horizontal.window)
    return ConvolutionTransposeGeometry(
      inputHeight: axes.count == 1 ? 1 : input[2], inputWidth: input[input.rank - 1],
      inputChannels: input[1], outputChannels: weights[1] * groups,
      kernelHeight: rows.kernel, kernelWidth: columns.kernel,
      strideHeight: rows.stride, strideWidth: columns.stride,
      dilationHeight: rows.dilation, dilationWidth: columns.dilation,
      padTop: rows.padBegin, padLeft: columns.padBegin, padBottom: rows.padEnd,
      padRight: columns.padEnd, outputPaddingHeight: vertical.outputPadding,
      outputPaddingWidth: horizontal.outputPadding, groups: groups)
  }

  /// Sizes as ONNX ConvTranspose-11 has them; with `output_shape` or automatic padding, the pads
  /// follow from the wanted output. A larger `output_shape` than what there is has more behind.
  private func axes(
    input: Shape, weights: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> [Axis] {
    guard weights.rank == input.rank, input.rank > 2 else {
      throw site.mismatch("weights \(weights) for an input \(input)")
    }
    let kernel = Array(weights.dimensions[2...])
    let spatial = Array(input.dimensions[2...])
    guard input[1] == weights[0], input[1] % groups == 0, weights.elementCount > 0,
      input.dimensions[1...].allSatisfy({ $0 > 0 }),
      attributes.kernel.map({ $0 == kernel }) ?? true,
      outputPadding.isEmpty || outputPadding.count == kernel.count,
      outputShape.map({ $0.count >= kernel.count && $0.allSatisfy { $0 >= 0 && $0 < 1 << 31 } })
        ?? true
    else {
      throw site.mismatch("weights \(weights) in \(groups) groups for an input \(input)")
    }
    // Automatic padding depends on the output here, so the shared rule does not apply.
    let windows = try attributes.axes(kernel: kernel, input: spatial)
    return windows.indices.map { axis in
      var result = Axis(
        window: windows[axis], outputPadding: outputPadding.isEmpty ? 0 : outputPadding[axis])
      let isSame = attributes.padding == .sameUpper || attributes.padding == .sameLower
      guard
        let wanted = outputShape.map({ $0[$0.count - kernel.count + axis] })
          ?? (isSame ? spatial[axis] * windows[axis].stride : nil)
      else { return result }
      let full =
        (spatial[axis] - 1) * windows[axis].stride + windows[axis].span + result.outputPadding
      let total = max(0, full - wanted)
      let smaller = total / 2
      result.window.padBegin = attributes.padding == .sameUpper ? smaller : total - smaller
      result.window.padEnd = total - result.window.padBegin
      if outputShape != nil { result.outputPadding += max(0, wanted - full) }
      return result
    }
  }
}

extension ConvolutionTransposeGeometry {
  /// The logical shape of the output, `[batch, channels, spatial…]`.
  func outputShape(batch: Int, spatialRank: Int) -> Shape {
    Shape([batch, outputChannels] + (spatialRank == 1 ? [] : [outputHeight]) + [outputWidth])
  }
}
