internal import Foundation

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
  /// By parameter number: momenta, and for AdamW mean squares behind them.
  private(set) var memories: [Int: [Float]] = [:]
  /// Updates so far.
  private(set) var steps = 0

  package init(_ kind: OptimizerKind, _ store: ParameterStore) {
    self.kind = kind
    self.store = store
  }

  /// The length of all gradients together.
  package var gradientNorm: Double {
    var sum = 0.0
    for (number, entry) in store.entries.enumerated() where entry.hasGradient {
      for value in store.gradients(number) { sum += Double(value) * Double(value) }
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
    let (values, gradients) = (store.values(number), store.gradients(number))
    let count = values.count
    var memory = memories.removeValue(forKey: number) ?? Array(repeating: 0, count: 2 * count)
    let first = 1 - pow(Double(betas.0), Double(steps))
    let second = 1 - pow(Double(betas.1), Double(steps))
    let size = Float(Double(rate) / first)
    let root = Float(second.squareRoot())
    memory.withUnsafeMutableBufferPointer { memory in
      for index in 0..<count {
        let gradient = factor * gradients[index]
        let mean = memory[index] + (1 - betas.0) * (gradient - memory[index])
        let square = betas.1 * memory[count + index] + (1 - betas.1) * gradient * gradient
        memory[index] = mean
        memory[count + index] = square
        let value = values[index] * (1 - rate * decay)
        values[index] = value - size * mean / (square.squareRoot() / root + epsilon)
      }
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
