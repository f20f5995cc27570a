internal import Graphs
internal import Kernels
internal import Tensors

/// ConvTranspose over one or two spatial axes, with a following activation.
struct ConvolutionTranspose: OperatorKernel {
  static let widensHalves = true
  private let attributes: SpatialAttributes
  private let groups: Int
  private let outputPadding: [Int]
  private let outputShape: [Int]?

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
    try site.requireFloat(input)
    let geometry = try geometry(input: input.shape, weights: try site.input(1).shape, site)
    let batch = input.shape[0]
    let shape = geometry.outputShape(batch: batch, spatialRank: input.shape.rank - 2)
    let weights = try site.floats(1)
    let bias = site.hasInput(2) ? try site.floats(2) : nil
    guard bias.map({ $0.count == geometry.outputChannels }) ?? true else {
      throw site.mismatch("\(bias?.count ?? 0) biases for \(geometry.outputChannels) channels")
    }
    let activation = try site.absorbActivation(rank: shape.rank)
    let kernel = ConvolutionTransposeFloat(
      geometry: geometry, weights: weights, bias: bias, activation: activation, isa: site.isa)
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

  /// Sizes as ONNX ConvTranspose-11 has them; with `output_shape` or automatic padding, the pads
  /// follow from the wanted output.
  func geometry(
    input: Shape, weights: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> ConvolutionTransposeGeometry {
    guard Layout.supportsChannelsLast(rank: input.rank), weights.rank == input.rank else {
      throw site.unsupported("an input \(input) with weights \(weights)")
    }
    let kernel = Array(weights.dimensions[2...])
    let spatial = Array(input.dimensions[2...])
    guard input[1] == weights[0], input[1] % groups == 0, weights.elementCount > 0,
      input.dimensions[1...].allSatisfy({ $0 > 0 }),
      attributes.kernel.map({ $0 == kernel }) ?? true,
      outputPadding.isEmpty || outputPadding.count == kernel.count
    else {
      throw site.mismatch("weights \(weights) in \(groups) groups for an input \(input)")
    }
    // Automatic padding depends on the output here, so the shared rule does not apply.
    var axes = try attributes.axes(kernel: kernel, input: spatial)
    let extra = outputPadding.isEmpty ? [Int](repeating: 0, count: kernel.count) : outputPadding
    for axis in axes.indices {
      let full = (spatial[axis] - 1) * axes[axis].stride + axes[axis].span + extra[axis]
      var wanted: Int?
      if let outputShape {
        wanted = outputShape.suffix(kernel.count)[outputShape.count - kernel.count + axis]
      }
      if attributes.padding == .sameUpper || attributes.padding == .sameLower {
        wanted = wanted ?? spatial[axis] * axes[axis].stride
      }
      guard let wanted else { continue }
      let total = max(0, full - wanted)
      let smaller = total / 2
      axes[axis].padBegin = attributes.padding == .sameUpper ? smaller : total - smaller
      axes[axis].padEnd = total - axes[axis].padBegin
    }
    let flat = SpatialAttributes.Axis(kernel: 1, stride: 1, dilation: 1, padBegin: 0, padEnd: 0)
    let vertical = axes.count == 1 ? flat : axes[0]
    let horizontal = axes[axes.count - 1]
    return ConvolutionTransposeGeometry(
      inputHeight: spatial.count == 1 ? 1 : spatial[0], inputWidth: spatial[spatial.count - 1],
      inputChannels: input[1], outputChannels: weights[1] * groups,
      kernelHeight: vertical.kernel, kernelWidth: horizontal.kernel,
      strideHeight: vertical.stride, strideWidth: horizontal.stride,
      dilationHeight: vertical.dilation, dilationWidth: horizontal.dilation,
      padTop: vertical.padBegin, padLeft: horizontal.padBegin, padBottom: vertical.padEnd,
      padRight: horizontal.padEnd, outputPaddingHeight: extra.count == 1 ? 0 : extra[0],
      outputPaddingWidth: extra[extra.count - 1], groups: groups)
  }
}

extension ConvolutionTransposeGeometry {
  /// The logical shape of the output, `[batch, channels, spatial…]`.
  func outputShape(batch: Int, spatialRank: Int) -> Shape {
    Shape([batch, outputChannels] + (spatialRank == 1 ? [] : [outputHeight]) + [outputWidth])
  }
}
