internal import Graphs
internal import Kernels
internal import Tensors

/// MaxPool and AveragePool over one or two spatial axes.
struct Pooling: OperatorKernel {
  static let widensHalves = true
  let isMaximum: Bool
  let includesPad: Bool
  private let attributes: SpatialAttributes
  private let roundsUp: Bool

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    isMaximum = node.is("MaxPool")
    includesPad = node.int("count_include_pad") ?? 0 != 0
    attributes = try SpatialAttributes(node)
    roundsUp = node.int("ceil_mode") ?? 0 != 0
    guard attributes.kernel != nil else {
      throw .invalidAttribute(
        operatorName: node.operatorName.description, node: node.name, attribute: "kernel_shape",
        detail: "is missing")
    }
    guard node.outputs.count < 2 || node.outputs[1].isEmpty else {
      throw .unsupportedVariant(
        operatorName: "MaxPool", node: node.name, detail: "it also gives indices")
    }
  }

  /// A pool's window over one input.
  struct Window {
    var geometry: ConvolutionGeometry
    /// Rows and columns of the end padding that exist only because sizes round up.
    var uncountedBottom = 0
    var uncountedRight = 0

    var integerWindow: PoolingWindow { PoolingWindow(geometry: geometry) }
  }

  func window(input: Shape, _ site: OperatorSite) throws(ExecutionError) -> Window {
    guard Layout.supportsChannelsLast(rank: input.rank) else {
      throw site.unsupported("\(max(input.rank - 2, 0)) spatial axes (1 and 2 are known)")
    }
    let spatial = Array(input.dimensions[2...])
    guard let kernel = attributes.kernel, kernel.count == spatial.count,
      input.dimensions[1...].allSatisfy({ $0 > 0 })
    else {
      throw site.mismatch("a window \(attributes.kernel ?? []) over an input \(input)")
    }
    var axes = try attributes.axes(kernel: kernel, input: spatial)
    var uncounted = [Int](repeating: 0, count: axes.count)
    if roundsUp {
      for axis in axes.indices {
        let (padded, stride) = (
          spatial[axis] + axes[axis].padBegin + axes[axis].padEnd, axes[axis].stride
        )
        guard padded >= axes[axis].span else { continue }
        var outputs = (padded - axes[axis].span + stride - 1) / stride + 1
        // The last window must start inside the input or its padding before it.
        if (outputs - 1) * stride >= spatial[axis] + axes[axis].padBegin { outputs -= 1 }
        uncounted[axis] = max(0, (outputs - 1) * stride + axes[axis].span - padded)
        axes[axis].padEnd += uncounted[axis]
      }
    }
    return Window(
      geometry: ConvolutionGeometry(
        axes: axes, input: spatial, inputChannels: input[1], outputChannels: input[1],
        groups: input[1]),
      uncountedBottom: axes.count == 1 ? 0 : uncounted[0],
      uncountedRight: uncounted[uncounted.count - 1])
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    try site.requireFloat(input)
    let window = try window(input: input.shape, site)
    let batch = input.shape[0]
    let kernel = PoolingFloat(
      kind: isMaximum ? .maximum : .average(includesPad: includesPad), geometry: window.geometry,
      uncountedBottom: window.uncountedBottom, uncountedRight: window.uncountedRight, isa: site.isa)
    let source = site.read(input, .channelsLast)
    let result = try site.output(
      0, .float32,
      window.geometry.outputShape(batch: batch, spatialRank: input.shape.rank - 2), .channelsLast)
    let target = site.write(result)
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(threads: site.compiler.pool.threadCount))
    let name = isMaximum ? "maxpool" : "averagepool"
    try site.emit(
      [result], kernel: "\(name)-f32-\(site.isa.rawValue)", reads: [source], scratch: scratch
    ) { (run: RunContext) throws(ExecutionError) in
      kernel.run(
        run.floats(source), into: run.floats(target), batch: batch,
        scratch: run.scratch(scratch), pool: run.pool)
    }
  }
}
