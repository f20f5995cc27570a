internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// BatchNormalization, by the batch or by its running statistics.
///
/// `y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`, channel by channel. By the batch, the
/// running statistics take a tenth of the batch's own, the variance unbiased, as in PyTorch.
enum BatchNormalizationOperator: DifferentiableOperator {
  /// PyTorch's momentum; ONNX counts what stays.
  private static let defaultMomentum: Float = 0.9

  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let node = site.node
    let shape = try site.shape(0)
    guard shape.rank >= 2 else { throw site.unsupported("an input of shape \(shape)") }
    let input = try site.input(0, .channelsLast)
    guard shape.rank == 2 || input.layout == .channelsLast else {
      throw site.unsupported("an input of rank \(shape.rank); 2, 3 and 4 have gradients")
    }
    let gamma = try site.input(1)
    let beta = try site.input(2)
    let mean = try site.builder.statistic(try site.name(3))
    let variance = try site.builder.statistic(try site.name(4))
    let output = site.output(0, shape, input.layout)
    let step = BatchNormalizationStep(
      input, gamma, beta, output, running: (mean, variance),
      momentum: 1 - (node.float("momentum") ?? defaultMomentum),
      epsilon: node.float("epsilon") ?? 1e-5, site)
    site.emit(
      step, keeps: [input.slot, gamma.slot] + step.kept, scratch: [step.scratch])
  }
}

private final class BatchNormalizationStep: TrainingStep {
  private let input: Operand
  private let gamma: Operand
  private let beta: Operand
  private let output: Product
  private let running: (mean: Slot, variance: Slot)
  private let momentum: Float
  private let epsilon: Float
  private let sums: ChannelSums
  private let channels: Int
  private let mean: Slot
  /// `1 / sqrt(variance + epsilon)`.
  private let inverse: Slot
  let scratch: Slot
  var kept: [Slot] { [mean, inverse] }

  init(
    _ input: Operand, _ gamma: Operand, _ beta: Operand, _ output: Product,
    running: (Slot, Slot), momentum: Float, epsilon: Float, _ site: TrainingSite
  ) {
    self.input = input
    self.gamma = gamma
    self.beta = beta
    self.output = output
    self.running = (running.0, running.1)
    self.momentum = momentum
    self.epsilon = epsilon
    channels = input.shape[1]
    sums = ChannelSums(
      rows: input.count / max(channels, 1), channels: channels, isa: site.isa)
    mean = site.kept(count: channels)
    inverse = site.kept(count: channels)
    let bytes = (sums.scratchByteCount(threads: site.threads) + 63) / 64 * 64
    scratch = site.scratch(byteCount: bytes + 5 * channels * 4)
  }

  func forward(_ run: StepRun) {
    let x = run.floats(input.slot)
    let mean = run.floats(self.mean)
    let inverse = run.floats(self.inverse)
    let (runningMean, runningVariance) = (run.floats(running.mean), run.floats(running.variance))
    if run.mode.normalizesByBatch {
      let count = Double(sums.rows)
      sums.sum(x, times: 1 / count, into: mean, scratch: run.raw(scratch), pool: run.pool)
      sums.variance(
        x, around: mean, into: inverse, scratch: run.raw(scratch), pool: run.pool)
      for channel in 0..<channels {
        let variance = inverse[channel]
        let unbiased = variance * Float(count / max(count - 1, 1))
        runningMean[channel] += momentum * (mean[channel] - runningMean[channel])
        runningVariance[channel] += momentum * (unbiased - runningVariance[channel])
        inverse[channel] = 1 / (variance + epsilon).squareRoot()
      }
    } else {
      for channel in 0..<channels {
        mean[channel] = runningMean[channel]
        inverse[channel] = 1 / (runningVariance[channel] + epsilon).squareRoot()
      }
    }
    let (gamma, beta) = (run.floats(gamma.slot), run.floats(beta.slot))
    let (factors, offsets, _, _, _) = rows(run)
    for channel in 0..<channels {
      factors[channel] = gamma[channel] * inverse[channel]
      offsets[channel] = beta[channel] - mean[channel] * factors[channel]
    }
    sums.affine(factors, x, offset: offsets, into: run.floats(output.slot), pool: run.pool)
  }

  /// Five vectors of channels behind the working memory of sums.
  private func rows(_ run: StepRun) -> (
    UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>,
    UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>
  ) {
    let bytes = (sums.scratchByteCount(threads: run.pool.threadCount) + 63) / 64 * 64
    let start = (run.raw(scratch) + bytes).assumingMemoryBound(to: Float.self)
    return (
      start, start + channels, start + 2 * channels, start + 3 * channels, start + 4 * channels
    )
  }

  func backward(_ run: StepRun) {
    guard let from = run.floats(output.gradient) else { return }
    let (x, mean, inverse) = (
      run.floats(input.slot), run.floats(self.mean), run.floats(self.inverse)
    )
    let gamma = run.floats(self.gamma.slot)
    let (total, products, a, b, offset) = rows(run)
    sums.products(
      gradient: from, values: x, means: mean, sums: total, products: products,
      scratch: run.raw(scratch), pool: run.pool)
    let gammaGradient = run.floats(self.gamma.gradient)
    let betaGradient = run.floats(beta.gradient)
    let isByBatch = run.mode.normalizesByBatch
    let count = Float(sums.rows)
    for channel in 0..<channels {
      gammaGradient?[channel] = products[channel] * inverse[channel]
      betaGradient?[channel] = total[channel]
      let factor = gamma[channel] * inverse[channel]
      a[channel] = factor
      // dx = factor * (dy - mean(dy) - xhat * mean(dy * xhat)), xhat = (x - mean) * inverse.
      let slope =
        isByBatch
        ? -factor * inverse[channel] * inverse[channel] * products[channel] / count : 0
      b[channel] = slope
      offset[channel] = isByBatch ? -factor * total[channel] / count - slope * mean[channel] : 0
    }
    guard let to = run.floats(input.gradient) else { return }
    if isByBatch {
      sums.affine(a, from, b, x, offset: offset, into: to, pool: run.pool)
    } else {
      sums.affine(a, from, offset: offset, into: to, pool: run.pool)
    }
  }
}
