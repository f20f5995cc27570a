internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// ConvTranspose over one or two axes.
enum TransposedConvolutionOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let shape = try site.outputShape()
    let inputShape = try site.shape(0)
    let weights = try site.input(1)
    let bias = site.hasInput(2) ? try site.input(2) : nil
    let kernel = Array(weights.shape.dimensions[2...])
    if site.node.ints("output_shape") != nil {
      throw site.unsupported("it has output_shape; say pads and output_padding")
    }
    let attributes = try WindowAttributes(site, kernel: kernel) { strides, dilations in
      // The gradient of the input slides over the output.
      WindowAttributes.needed(
        input: shape.dimensions[2...], output: inputShape.dimensions[2...], kernel: kernel,
        strides, dilations)
    }
    let input = try site.input(0, .channelsLast)
    let output = site.output(0, shape, .channelsLast)
    // The convolution whose data gradient this is.
    let geometry = attributes.geometry(input: shape, outputChannels: inputShape[1])
    let isMatched =
      geometry.outputWidth == inputShape.dimensions.last
      && (kernel.count == 1 || geometry.outputHeight == inputShape[2])
    guard isMatched else { throw site.unsupported("output padding as long as the stride") }
    let step = TransposedConvolutionStep(geometry, input, weights, bias, output, site)
    site.emit(step, keeps: [input.slot, weights.slot], scratch: [step.scratch])
  }
}

/// A transposed convolution, and the convolution that is its gradient.
private final class TransposedConvolutionStep: TrainingStep {
  private let batch: Int
  private let input: Operand
  private let weights: Operand
  private let bias: Operand?
  private let output: Product
  private let forwards: ConvolutionDataGradient
  private let data: ConvolutionFloat
  private let weight: ConvolutionWeightGradient
  private let sums: ChannelSums
  let scratch: Slot

  init(
    _ geometry: ConvolutionGeometry, _ input: Operand, _ weights: Operand, _ bias: Operand?,
    _ output: Product, _ site: TrainingSite
  ) {
    self.input = input
    self.weights = weights
    self.bias = bias
    self.output = output
    batch = input.shape[0]
    forwards = ConvolutionDataGradient(geometry: geometry, batch: batch, isa: site.isa)
    data = ConvolutionFloat(unfilled: geometry, isa: site.isa)
    weight = ConvolutionWeightGradient(geometry: geometry, isa: site.isa)
    sums = ChannelSums(
      rows: batch * geometry.inputHeight * geometry.inputWidth, channels: geometry.inputChannels,
      isa: site.isa)
    scratch = site.scratch(
      byteCount: max(
        forwards.scratchByteCount(threads: site.threads),
        data.scratchByteCount(threads: site.threads),
        weight.scratchByteCount(threads: site.threads),
        sums.scratchByteCount(threads: site.threads)))
  }

  func forward(_ run: StepRun) {
    let place = run.floats(output.slot)
    forwards.run(
      outputGradient: run.floats(input.slot), weights: run.floats(weights.slot), into: place,
      scratch: run.raw(scratch), pool: run.pool)
    guard let bias else { return }
    FloatBinary.add.apply(
      place, run.floats(bias.slot), into: place,
      pattern: .right(outer: 1, middle: sums.rows, inner: sums.channels), isa: run.isa,
      pool: run.pool)
  }

  func backward(_ run: StepRun) {
    guard let from = run.floats(output.gradient) else { return }
    if let to = run.floats(weights.gradient) {
      weight.run(
        input: from, outputGradient: run.floats(input.slot), into: to, batch: batch,
        scratch: run.raw(scratch), pool: run.pool)
    }
    if let to = run.floats(bias?.gradient) {
      sums.sum(from, into: to, scratch: run.raw(scratch), pool: run.pool)
    }
    if let to = run.floats(input.gradient) {
      data.fill(weights: run.floats(weights.slot), bias: nil)
      data.run(from, into: to, batch: batch, scratch: run.raw(scratch), pool: run.pool)
    }
  }
}
