internal import Graphs
internal import Kernels
internal import Tensors

/// MaxPool, AveragePool, LpPool and GlobalLpPool. Over one or two axes in float32, kernels in
/// channels-last order compute the first two; anything else is computed plainly.
struct Pooling: OperatorKernel {
  private let function: PlainPooling.Function
  let includesPad: Bool
  private let storesColumns: Bool
  /// GlobalLpPool: the window is the whole image.
  private let isGlobal: Bool
  private let attributes: SpatialAttributes
  private let roundsUp: Bool

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    let exponent = Int(clamping: node.int("p") ?? 2)
    function =
      switch node.operatorName.name {
      case "MaxPool": .maximum
      case "AveragePool": .average
      default: .norm(exponent)
      }
    isGlobal = node.is("GlobalLpPool")
    storesColumns = node.int("storage_order") ?? 0 != 0
    includesPad = node.int("count_include_pad") ?? 0 != 0
    attributes = try SpatialAttributes(node)
    roundsUp = node.int("ceil_mode") ?? 0 != 0
    guard attributes.kernel != nil || isGlobal else {
      throw .invalidAttribute(
        operatorName: node.operatorName.description, node: node.name, attribute: "kernel_shape",
        detail: "is missing")
    }
    guard exponent > 0 else {
      throw .invalidAttribute(
        operatorName: node.operatorName.description, node: node.name, attribute: "p",
        detail: "must be positive")
    }
  }

  static let widensHalves = true

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
    let (axes, uncounted) = try axes(input: input, site)
    return Window(
      geometry: ConvolutionGeometry(
        axes: axes, input: Array(input.dimensions[2...]), inputChannels: input[1],
        outputChannels: input[1], groups: input[1]),
      uncountedBottom: axes.count == 1 ? 0 : uncounted[0],
      uncountedRight: uncounted[uncounted.count - 1])
  }

  /// The window over each axis, and the places of its end padding that exist only because sizes
  /// round up.
  private func axes(
    input: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> (axes: [SpatialAttributes.Axis], uncounted: [Int]) {
    let spatial = Array(input.dimensions.dropFirst(2))
    let kernel = isGlobal ? spatial : attributes.kernel ?? []
    guard kernel.count == spatial.count, !kernel.isEmpty,
      input.dimensions[1...].allSatisfy({ $0 > 0 })
    else {
      throw site.mismatch("a window \(kernel) over an input \(input)")
    }
    var axes = try attributes.axes(kernel: kernel, input: spatial)
    var uncounted = [Int](repeating: 0, count: axes.count)
    guard roundsUp else { return (axes, uncounted) }
    for axis in axes.indices {
      let (padded, stride) = (
        spatial[axis] + axes[axis].padBegin + axes[axis].padEnd, axes[axis].stride
      )
      let room = padded - axes[axis].span
      guard room > -stride else { continue }
      var outputs = (room + stride - 1) / stride + 1
      // The last window must start inside the input or its padding before it.
      if (outputs - 1) * stride >= spatial[axis] + axes[axis].padBegin { outputs -= 1 }
      uncounted[axis] = max(0, (outputs - 1) * stride + axes[axis].span - padded)
      axes[axis].padEnd += uncounted[axis]
    }
    return (axes, uncounted)
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    guard input.elementType == .float32, Layout.supportsChannelsLast(rank: input.shape.rank),
      !wantsIndices(site), let kind
    else { return try compilePlainly(input, site) }
    let window = try window(input: input.shape, site)
    let batch = input.shape[0]
    let kernel = PoolingFloat(
      kind: kind, geometry: window.geometry, uncountedBottom: window.uncountedBottom,
      uncountedRight: window.uncountedRight, isa: site.isa)
    let source = site.read(input, .channelsLast)
    let result = try site.output(
      0, .float32,
      window.geometry.outputShape(batch: batch, spatialRank: input.shape.rank - 2), .channelsLast)
    let target = site.write(result)
    let name = function == .maximum ? "maxpool" : "averagepool"
    try site.emit(
      [result], kernel: "\(name)-f32-\(site.isa.forFloats.rawValue)", reads: [source]
    ) { (run: RunContext) throws(ExecutionError) in
      kernel.run(
        run.floats(source), into: run.floats(target), batch: batch, pool: run.pool)
    }
  }

  /// What the kernels in channels-last order call the function.
  private var kind: PoolingFloat.Kind? {
    switch function {
    case .maximum: .maximum
    case .average: .average(includesPad: includesPad)
    case .norm: nil
    }
  }

  func wantsIndices(_ site: OperatorSite) -> Bool {
    site.outputCount > 1 && !site.unit.outputs[1].isEmpty
  }

  private func compilePlainly(_ input: Value, _ site: OperatorSite) throws(ExecutionError) {
    let shape = input.shape
    let (axes, uncounted) = try axes(input: shape, site)
    let spatial = Array(shape.dimensions[2...])
    let positions = zip(axes, spatial).map { $0.positions(over: $1) }
    let kernel = PlainPooling(
      window: SlidingWindow(axes: axes, image: spatial, positions: positions),
      planes: shape[0] * shape[1], includesPad: includesPad, uncounted: uncounted)
    let source = site.read(input)
    let result = try site.output(0, input.elementType, Shape([shape[0], shape[1]] + positions))
    let target = site.write(result)
    var outputs = [result]
    var indices: Buffer.ID?
    if wantsIndices(site) {
      let places = try site.output(1, .int64, result.shape)
      outputs.append(places)
      indices = site.write(places)
    }
    let (function, storesColumns) = (self.function, self.storesColumns)
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(
        threads: site.compiler.pool.threadCount, width: input.elementType.bitWidth / 8))
    func maximum<Element: PoolableElement>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        if let indices {
          kernel.maximum(
            from, into: to, indices: run.elements(indices), storesColumns: storesColumns,
            pool: run.pool)
        } else {
          kernel.maximum(from, into: to, scratch: run.scratch(scratch), pool: run.pool)
        }
      }
    }
    func body<Real: RealElement & PoolableElement>(_ type: Real.Type) -> Step.Body {
      guard function != .maximum else { return maximum(type) }
      return { (run: RunContext) throws(ExecutionError) in
        kernel.combine(
          function, run.elements(source, of: type), into: run.elements(target),
          scratch: run.scratch(scratch), pool: run.pool)
      }
    }
    let step: Step.Body
    switch input.elementType {
    case .float32: step = body(Float.self)
    case .float64: step = body(Double.self)
    case .int8 where function == .maximum: step = maximum(Int8.self)
    case .uint8 where function == .maximum: step = maximum(UInt8.self)
    case let other: throw site.wrongType(other)
    }
    try site.emit(
      outputs, kernel: "\(site.operatorName.lowercased())-plain-\(input.elementType)",
      reads: [source], scratch: scratch, body: step)
  }
}
