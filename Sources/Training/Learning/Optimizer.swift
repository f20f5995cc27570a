internal import Foundation
package import Kernels

/// How gradients change weights.
package enum OptimizerKind: Hashable, Codable, Sendable {
  /// `v = momentum * v + g + decay * w; w -= rate * v`, as PyTorch's SGD.
  case sgd(momentum: Float, weightDecay: Float)
  /// Adam with decay apart from the gradient, as PyTorch's AdamW.
  case adamW(beta1: Float, beta2: Float, epsilon: Float, weightDecay: Float)

  package static let sgd = OptimizerKind.sgd(momentum: 0.9, weightDecay: 0)
  package static let adamW = OptimizerKind.adamW(
    beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01)
}

/// Changes the parameters of a store by their gradients, and holds what it remembers of them.
package final class Optimizer {
  package let kind: OptimizerKind
  private let store: ParameterStore
  private let isa: InstructionSet
  private let pool: ThreadPool?
  /// By parameter number: momenta, and for AdamW mean squares behind them.
  private(set) var memories: [Int: [Float]] = [:]
  /// Updates so far.
  private(set) var steps = 0

  package init(
    _ kind: OptimizerKind, _ store: ParameterStore, isa: InstructionSet = .best,
    pool: ThreadPool? = nil
  ) {
    self.kind = kind
    self.store = store
    self.isa = isa
    self.pool = pool
  }

  /// The length of all gradients together.
  package var gradientNorm: Double {
    var sum = 0.0
    for entry in store.entries where entry.hasGradient {
      sum += squareSum(entry.gradients, count: entry.count, isa: isa)
    }
    return sum.squareRoot()
  }

  /// One update.
  /// - Parameter clip: longer gradients are shortened to this length.
  /// - Returns: the length of the gradients before.
  @discardableResult
  package func step(rate: Float, clip: Float? = nil) -> Double {
    let norm = gradientNorm
    guard norm.isFinite else { return norm }
    var factor: Float = 1
    // PyTorch's clip_grad_norm_ adds 1e-6 to the length.
    if let clip { factor = Float(min(1, Double(clip) / (norm + 1e-6))) }
    steps += 1
    for (number, entry) in store.entries.enumerated() where entry.hasGradient {
      let decays = entry.kind == .weight
      switch kind {
      case .sgd(let momentum, let decay):
        updateSGD(number, rate, factor, momentum, decays ? decay : 0)
      case .adamW(let beta1, let beta2, let epsilon, let decay):
        updateAdamW(number, rate, factor, (beta1, beta2), epsilon, decays ? decay : 0)
      }
    }
    return norm
  }

  private func updateSGD(
    _ number: Int, _ rate: Float, _ factor: Float, _ momentum: Float, _ decay: Float
  ) {
    let (values, gradients) = (store.values(number), store.gradients(number))
    guard momentum != 0 else {
      for index in values.indices {
        values[index] -= rate * (factor * gradients[index] + decay * values[index])
      }
      return
    }
    // The first velocity is the gradient, as in PyTorch; zeros give the same.
    var memory = memories.removeValue(forKey: number) ?? Array(repeating: 0, count: values.count)
    memory.withUnsafeMutableBufferPointer { memory in
      for index in values.indices {
        let velocity =
          momentum * memory[index] + factor * gradients[index] + decay * values[index]
        memory[index] = velocity
        values[index] -= rate * velocity
      }
    }
    memories[number] = memory
  }

  private func updateAdamW(
    _ number: Int, _ rate: Float, _ factor: Float, _ betas: (Float, Float), _ epsilon: Float,
    _ decay: Float
  ) {
    let entry = store.entries[number]
    var memory =
      memories.removeValue(forKey: number) ?? Array(repeating: 0, count: 2 * entry.count)
    let step = AdamStep(
      number: steps, rate: rate, betas: betas, epsilon: epsilon, decay: decay, factor: factor,
      isa: isa)
    memory.withUnsafeMutableBufferPointer { memory in
      guard let memory = memory.baseAddress else { return }
      step.run(
        gradient: entry.gradients, memory: memory, values: entry.values, count: entry.count,
        pool: pool)
    }
    memories[number] = memory
  }

  /// Puts back what a checkpoint kept.
  func restore(steps: Int, memories: [Int: [Float]]) {
    self.steps = steps
    self.memories = memories
  }
}

/// The learning rate over the steps of a run.
package struct LearningRate: Hashable, Codable, Sendable {
  package enum Shape: Hashable, Codable, Sendable {
    case constant
    /// Down to zero along half a cosine.
    case cosine
    /// Times `factor` after every `epochs` epochs.
    case steps(epochs: Int, factor: Float)
  }

  package var initial: Float
  package var shape: Shape
  /// Steps during which the rate rises from zero.
  package var warmUpSteps: Int

  package init(_ initial: Float, shape: Shape = .constant, warmUpSteps: Int = 0) {
    self.initial = initial
    self.shape = shape
    self.warmUpSteps = warmUpSteps
  }

  /// - `step`: counted from 0.
  package func rate(step: Int, stepsPerEpoch: Int, totalSteps: Int) -> Float {
    if step < warmUpSteps { return initial * Float(step + 1) / Float(warmUpSteps) }
    switch shape {
    case .constant: return initial
    case .cosine:
      let done = Double(step - warmUpSteps) / Double(max(totalSteps - warmUpSteps, 1))
      return initial * Float((1 + cos(.pi * min(done, 1))) / 2)
    case .steps(let epochs, let factor):
      let passed = step / max(stepsPerEpoch, 1) / max(epochs, 1)
      return initial * Float(pow(Double(factor), Double(passed)))
    }
  }
}
