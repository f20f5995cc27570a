internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// What Conv and ConvTranspose say of their windows, for one or two axes.
struct WindowAttributes {
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// In front of each axis, then behind.
  let pads: [Int]
  let groups: Int

  /// - `kernel`: extents of the window, outermost axis first.
  /// - `needed`: what padding SAME has to add along each axis, given strides and dilations.
  init(
    _ site: TrainingSite, kernel: [Int], needed: (_ strides: [Int], _ dilations: [Int]) -> [Int]
  ) throws(TrainingError) {
    let node = site.node
    guard (1...2).contains(kernel.count) else {
      throw site.unsupported("windows over \(kernel.count) axes; 1 and 2 have gradients")
    }
    self.kernel = kernel
    strides = node.ints("strides")?.map { Int($0) } ?? kernel.map { _ in 1 }
    dilations = node.ints("dilations")?.map { Int($0) } ?? kernel.map { _ in 1 }
    groups = Int(node.int("group") ?? 1)
    let automatic = node.string("auto_pad") ?? "NOTSET"
    switch automatic {
    case "NOTSET": pads = node.ints("pads")?.map { Int($0) } ?? kernel.flatMap { _ in [0, 0] }
    case "VALID": pads = kernel.flatMap { _ in [0, 0] }
    default:
      let total = needed(strides, dilations).map { max(0, $0) }
      let less = total.map { $0 / 2 }
      let more = zip(total, less).map { $0 - $1 }
      pads = automatic == "SAME_LOWER" ? more + less : less + more
    }
    guard pads.allSatisfy({ $0 >= 0 }), pads.count == 2 * kernel.count,
      strides.count == kernel.count, dilations.count == kernel.count
    else { throw site.unsupported("pads \(pads), strides \(strides), dilations \(dilations)") }
  }

  /// The geometry over an input and to an output of these shapes; one axis is a picture of height 1.
  func geometry(input: Shape, outputChannels: Int) -> ConvolutionGeometry {
    let isFlat = kernel.count == 1
    let axes = kernel.count
    return ConvolutionGeometry(
      inputHeight: isFlat ? 1 : input[2], inputWidth: input[axes + 1], inputChannels: input[1],
      outputChannels: outputChannels, kernelHeight: isFlat ? 1 : kernel[0],
      kernelWidth: kernel[axes - 1], strideHeight: isFlat ? 1 : strides[0],
      strideWidth: strides[axes - 1], dilationHeight: isFlat ? 1 : dilations[0],
      dilationWidth: dilations[axes - 1], padTop: isFlat ? 0 : pads[0], padLeft: pads[axes - 1],
      padBottom: isFlat ? 0 : pads[axes], padRight: pads[2 * axes - 1], groups: groups)
  }

  /// What padding SAME adds to a window that slides over `input` and makes `output`.
  static func needed(
    input: ArraySlice<Int>, output: ArraySlice<Int>, kernel: [Int], _ strides: [Int],
    _ dilations: [Int]
  ) -> [Int] {
    zip(input, output).enumerated().map { axis, sizes in
      (sizes.1 - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 - sizes.0
    }
  }
}

/// Conv over one or two axes.
enum ConvolutionOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let builder = site.builder
    if let normalization = NormalizedConvolution.normalization(
      behind: site.node, in: builder.graph),
      let quantizer = try builder.unroundedWeight(try site.name(1), for: site).1
    {
      return try NormalizedConvolution.compile(site, normalization, quantizer)
    }
    let bias = site.hasInput(2) ? try site.input(2) : nil
    let weights = try site.input(1)
    try emit(site, weights: weights, bias: bias)
  }

  /// - Returns: the value made.
  @discardableResult
  static func emit(
    _ site: TrainingSite, weights: Operand, bias: Operand?, isInner: Bool = false
  ) throws(TrainingError) -> PlanValue {
    let shape = try site.outputShape()
    let kernel = Array(weights.shape.dimensions[2...])
    let inputShape = try site.shape(0)
    let attributes = try WindowAttributes(site, kernel: kernel) { strides, dilations in
      WindowAttributes.needed(
        input: inputShape.dimensions[2...], output: shape.dimensions[2...], kernel: kernel,
        strides, dilations)
    }
    let input = try site.input(0, .channelsLast)
    let output = site.output(0, shape, .channelsLast, isInner: isInner)
    let geometry = attributes.geometry(input: inputShape, outputChannels: shape[1])
    let step = ConvolutionStep(geometry, input, weights, bias, output, site)
    return site.emit(step, keeps: [input.slot, weights.slot], scratch: [step.scratch])[0]
  }
}

final class ConvolutionStep: TrainingStep {
  private enum Forward {
    /// Every pixel by itself, with the weights packed on the way.
    case product(MatMulFloat)
    case windows(ConvolutionFloat)
  }

  private let geometry: ConvolutionGeometry
  private let batch: Int
  private let input: Operand
  private let weights: Operand
  private let bias: Operand?
  private let output: Product
  private let forwards: Forward
  private let data: ConvolutionDataGradient?
  private let weight: ConvolutionWeightGradient?
  private let sums: ChannelSums
  let scratch: Slot

  init(
    _ geometry: ConvolutionGeometry, _ input: Operand, _ weights: Operand, _ bias: Operand?,
    _ output: Product, _ site: TrainingSite
  ) {
    self.geometry = geometry
    self.input = input
    self.weights = weights
    self.bias = bias
    self.output = output
    batch = input.shape[0]
    let threads = site.threads
    let pixels = batch * geometry.outputHeight * geometry.outputWidth
    var bytes = 0
    if geometry.isPointwise && geometry.groups == 1 {
      let product = MatMulFloat(
        rows: pixels, depth: geometry.inputChannels, columns: geometry.outputChannels,
        transposedRight: true, isa: site.isa)
      forwards = .product(product)
      bytes = product.scratchByteCount(threads: threads)
    } else {
      let windows = ConvolutionFloat(unfilled: geometry, isa: site.isa)
      forwards = .windows(windows)
      bytes = windows.scratchByteCount(threads: threads)
    }
    data = input.gradient.map { _ in
      ConvolutionDataGradient(geometry: geometry, batch: input.shape[0], isa: site.isa)
    }
    weight = weights.gradient.map { _ in
      ConvolutionWeightGradient(geometry: geometry, isa: site.isa)
    }
    sums = ChannelSums(rows: pixels, channels: geometry.outputChannels, isa: site.isa)
    bytes = max(
      bytes, data?.scratchByteCount(threads: threads) ?? 0,
      weight?.scratchByteCount(threads: threads) ?? 0, sums.scratchByteCount(threads: threads))
    scratch = site.scratch(byteCount: bytes)
  }

  func forward(_ run: StepRun) {
    let bias = self.bias.map { UnsafePointer(run.floats($0.slot)) }
    switch forwards {
    case .product(let product):
      product.run(
        run.floats(input.slot), run.floats(weights.slot), into: run.floats(output.slot),
        bias: bias, scratch: run.raw(scratch), pool: run.pool)
    case .windows(let windows):
      windows.fill(weights: run.floats(weights.slot), bias: bias)
      windows.run(
        run.floats(input.slot), into: run.floats(output.slot), batch: batch,
        scratch: run.raw(scratch), pool: run.pool)
    }
  }

  func backward(_ run: StepRun) {
    guard let from = run.floats(output.gradient) else { return }
    if let to = run.floats(weights.gradient) {
      weight?.run(
        input: run.floats(input.slot), outputGradient: from, into: to, batch: batch,
        scratch: run.raw(scratch), pool: run.pool)
    }
    if let to = run.floats(bias?.gradient) {
      sums.sum(from, into: to, scratch: run.raw(scratch), pool: run.pool)
    }
    if let to = run.floats(input.gradient) {
      data?.run(
        outputGradient: from, weights: run.floats(weights.slot), into: to,
        scratch: run.raw(scratch), pool: run.pool)
    }
  }
}
