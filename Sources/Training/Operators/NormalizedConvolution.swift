internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// PyTorch's Conv-BN modules of quantization-aware training: the weights are rounded as they will
/// be once the normalization is folded into them, and the normalization still sees what it would
/// see without rounding.
///
/// `k = gamma / sqrt(running variance + epsilon)`; the convolution runs with rounded `W * k` and
/// without bias, its result is divided by `k`, and the bias and the normalization follow.
enum NormalizedConvolution {
  /// The normalization that alone reads what a Conv makes.
  static func normalization(behind node: Node, in graph: Graph) -> Node? {
    guard let output = node.outputs.first, !graph.outputs.contains(where: { $0.name == output })
    else { return nil }
    let readers = graph.nodes.filter { $0.inputs.contains(output) }
    guard readers.count == 1, let reader = readers.first, reader.is("BatchNormalization"),
      reader.input(0) == output
    else { return nil }
    return reader
  }

  static func compile(
    _ site: TrainingSite, _ normalization: Node, _ quantizer: FakeQuantizationModule
  ) throws(TrainingError) {
    let builder = site.builder
    let (weights, _) = try builder.unroundedWeight(try site.name(1), for: site)
    guard let gammaName = normalization.input(1), let varianceName = normalization.input(4) else {
      throw site.unsupported("a normalization without its operands")
    }
    let (gamma, _) = try builder.unroundedWeight(gammaName, for: site)
    let variance = try builder.statistic(varianceName)
    let w = site.operand(weights)
    let g = site.operand(gamma)
    let scaled = site.output(0, w.shape, isInner: true)
    let channels = w.shape[0]
    let factors = site.kept(count: 2 * channels)
    let scaledValue = site.emit(
      ScalingStep(
        w, g, variance: variance, scaled, factors: factors,
        epsilon: normalization.float("epsilon") ?? 1e-5),
      keeps: [w.slot, g.slot, factors])[0]
    let rounded = try FakeQuantizationStep.emit(quantizer, behind: scaledValue, in: builder)
    let convolved = try ConvolutionOperator.emit(
      site, weights: site.operand(rounded), bias: nil, isInner: true)
    let product = site.operand(convolved)
    let secondGamma = site.operand(gamma)
    let bias = site.hasInput(2) ? try site.input(2) : nil
    let output = site.output(0, convolved.shape, convolved.layout)
    let step = UnscalingStep(product, secondGamma, bias, output, factors: factors, site)
    site.emit(step, keeps: [product.slot, factors], scratch: [step.scratch])
  }
}

/// `W * k`, channel by channel.
private final class ScalingStep: TrainingStep {
  private let weights: Operand
  private let gamma: Operand
  private let variance: Slot
  private let output: Product
  /// `k`, and behind it `1 / sqrt(variance + epsilon)`.
  private let factors: Slot
  private let epsilon: Float
  private let channels: Int
  private let inner: Int

  init(
    _ weights: Operand, _ gamma: Operand, variance: Slot, _ output: Product, factors: Slot,
    epsilon: Float
  ) {
    self.weights = weights
    self.gamma = gamma
    self.variance = variance
    self.output = output
    self.factors = factors
    self.epsilon = epsilon
    channels = weights.shape[0]
    inner = weights.count / max(channels, 1)
  }

  func forward(_ run: StepRun) {
    let (w, scaled) = (run.floats(weights.slot), run.floats(output.slot))
    let (factors, gamma, variance) = (
      run.floats(factors), run.floats(gamma.slot), run.floats(variance)
    )
    for channel in 0..<channels {
      let deviation = (variance[channel] + epsilon).squareRoot()
      factors[channels + channel] = 1 / deviation
      factors[channel] = gamma[channel] / deviation
      for index in channel * inner..<(channel + 1) * inner {
        scaled[index] = w[index] * factors[channel]
      }
    }
  }

  func backward(_ run: StepRun) {
    guard let from = run.floats(output.gradient) else { return }
    let (w, factors) = (run.floats(weights.slot), run.floats(factors))
    let (toWeights, toGamma) = (run.floats(weights.gradient), run.floats(gamma.gradient))
    for channel in 0..<channels {
      var sum = 0.0
      for index in channel * inner..<(channel + 1) * inner {
        sum += Double(from[index]) * Double(w[index])
        toWeights?[index] = from[index] * factors[channel]
      }
      toGamma?[channel] = Float(sum) * factors[channels + channel]
    }
  }
}

/// `y / k + bias`, channel by channel.
private final class UnscalingStep: TrainingStep {
  private let input: Operand
  private let gamma: Operand
  private let bias: Operand?
  private let output: Product
  private let factors: Slot
  private let sums: ChannelSums
  private let channels: Int
  private let sumByteCount: Int
  let scratch: Slot

  init(
    _ input: Operand, _ gamma: Operand, _ bias: Operand?, _ output: Product, factors: Slot,
    _ site: TrainingSite
  ) {
    self.input = input
    self.gamma = gamma
    self.bias = bias
    self.output = output
    self.factors = factors
    channels = input.shape[1]
    sums = ChannelSums(rows: input.count / max(channels, 1), channels: channels, isa: site.isa)
    sumByteCount = (sums.scratchByteCount(threads: site.threads) + 63) / 64 * 64
    scratch = site.scratch(byteCount: sumByteCount + 4 * channels * 4)
  }

  private func vectors(_ run: StepRun) -> UnsafeMutablePointer<Float> {
    (run.raw(scratch) + sumByteCount).assumingMemoryBound(to: Float.self)
  }

  func forward(_ run: StepRun) {
    let (inverse, offset) = (vectors(run), vectors(run) + channels)
    let factors = run.floats(factors)
    let bias = self.bias.map { run.floats($0.slot) }
    for channel in 0..<channels {
      inverse[channel] = 1 / factors[channel]
      offset[channel] = bias?[channel] ?? 0
    }
    sums.affine(
      inverse, run.floats(input.slot), offset: offset, into: run.floats(output.slot),
      pool: run.pool)
  }

  func backward(_ run: StepRun) {
    guard let from = run.floats(output.gradient) else { return }
    let (inverse, zeros) = (vectors(run), vectors(run) + channels)
    let (totals, products) = (zeros + channels, zeros + 2 * channels)
    let factors = run.floats(factors)
    for channel in 0..<channels {
      inverse[channel] = 1 / factors[channel]
      zeros[channel] = 0
    }
    sums.products(
      gradient: from, values: run.floats(input.slot), means: zeros, sums: totals,
      products: products, scratch: run.raw(scratch), pool: run.pool)
    let (toGamma, toBias) = (run.floats(gamma.gradient), run.floats(bias?.gradient))
    for channel in 0..<channels {
      // d(y / k) / dk = -y / k^2, and dk / dgamma is the inverse deviation.
      toGamma?[channel] =
        -products[channel] * inverse[channel] * inverse[channel] * factors[channels + channel]
      toBias?[channel] = totals[channel]
    }
    guard let to = run.floats(input.gradient) else { return }
    sums.affine(inverse, from, offset: zeros, into: to, pool: run.pool)
  }
}
