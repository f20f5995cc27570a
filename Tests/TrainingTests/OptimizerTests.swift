import Tensors
import Testing

@testable import Training

@Suite struct OptimizerTests {
  /// A store with one weight matrix of two values and these gradients.
  private static func store(_ values: [Float], _ gradients: [Float]) -> ParameterStore {
    let store = ParameterStore()
    let number = store.add("w", Tensor(values, shape: [1, values.count]), isTrained: true)
    _ = store.gradients(number).update(fromContentsOf: gradients)
    store.markReached(number)
    return store
  }

  @Test func plainDescentFollowsTheGradient() {
    let store = Self.store([1, -2], [0.5, 0.25])
    let norm = Optimizer(.sgd(momentum: 0, weightDecay: 0), store).step(rate: 0.1)
    #expect(Array(store.values(0)) == [0.95, -2.025])
    #expect(abs(norm - 0.559017) < 1e-6)
  }

  /// Two steps of torch.optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.01) with equal gradients.
  @Test func momentumAgreesWithPyTorch() {
    let store = Self.store([1, -2], [0.5, 0.25])
    let optimizer = Optimizer(.sgd(momentum: 0.9, weightDecay: 0.01), store)
    optimizer.step(rate: 0.1)
    optimizer.step(rate: 0.1)
    let expected: [Float] = [0.852151, -2.0666771]
    for (found, wanted) in zip(store.values(0), expected) { #expect(abs(found - wanted) < 1e-6) }
  }

  /// Two steps of torch.optim.AdamW(lr=0.1, weight_decay=0.01) with equal gradients.
  @Test func adamAgreesWithPyTorch() {
    let store = Self.store([1, -2], [0.5, 0.25])
    let optimizer = Optimizer(.adamW, store)
    optimizer.step(rate: 0.1)
    optimizer.step(rate: 0.1)
    let expected: [Float] = [0.798101, -2.195902]
    for (found, wanted) in zip(store.values(0), expected) { #expect(abs(found - wanted) < 1e-5) }
  }

  @Test func clippingShortensGradients() {
    let store = Self.store([0, 0], [3, 4])
    Optimizer(.sgd(momentum: 0, weightDecay: 0), store).step(rate: 1, clip: 1)
    #expect(abs(store.values(0)[0] + 0.6) < 1e-5 && abs(store.values(0)[1] + 0.8) < 1e-5)
  }

  @Test func vectorsDoNotDecay() {
    let store = ParameterStore()
    let number = store.add("b", Tensor([1, 1] as [Float]), isTrained: true)
    store.markReached(number)
    Optimizer(.sgd(momentum: 0, weightDecay: 0.5), store).step(rate: 1)
    #expect(Array(store.values(number)) == [1, 1])
  }

  @Test func ratesFollowTheirShape() {
    func rates(_ shape: LearningRate.Shape, warmUp: Int = 0) -> [Float] {
      let rate = LearningRate(1, shape: shape, warmUpSteps: warmUp)
      return (0..<6).map { rate.rate(step: $0, stepsPerEpoch: 2, totalSteps: 6) }
    }
    #expect(rates(.constant) == [1, 1, 1, 1, 1, 1])
    #expect(rates(.steps(epochs: 1, factor: 0.5)) == [1, 1, 0.5, 0.5, 0.25, 0.25])
    #expect(rates(.constant, warmUp: 4).prefix(5) == [0.25, 0.5, 0.75, 1, 1])
    let cosine = rates(.cosine)
    #expect(cosine[0] == 1 && abs(cosine[3] - 0.5) < 1e-6 && cosine[5] < 0.1)
  }
}
