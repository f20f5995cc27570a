import Datasets
import Graphs
import Kernels
import Tensors
import Testing

@testable import Training

/// Every operator against PyTorch, and against finite differences of itself.
@Suite struct OperatorGradientTests {
  @Test func vectorsAreThere() { #expect(GradientVector.all.count > 100) }

  @Test(arguments: GradientVector.all, InstructionSet.available)
  func agreesWithPyTorch(vector: GradientVector, isa: InstructionSet) throws {
    let plan = try Self.plan(vector, isa: isa, threads: 1)
    let mode = Self.mode(vector)
    try plan.forward([:], mode: mode)
    for (name, expected) in zip(vector.outputNames, vector.outputs) {
      Self.expectClose(Array(plan.output(name)), expected, "\(name) of \(vector.name)")
    }
    for (name, upstream) in zip(vector.outputNames, vector.upstream) {
      _ = plan.outputGradient(name)?.update(fromContentsOf: upstream.data.map { Float($0) })
    }
    plan.backward(mode: mode)
    for (name, expected) in zip(vector.operandNames, vector.gradients) {
      let number = try #require(plan.store.number(of: name))
      Self.expectClose(
        Array(plan.store.gradients(number)), expected, "gradient of \(name) of \(vector.name)")
    }
    for (slot, expected) in zip(["constant3", "constant4"], vector.running ?? []) {
      let number = try #require(plan.store.number(of: slot))
      Self.expectClose(Array(plan.store.values(number)), expected, slot)
    }
  }

  /// Along a random direction, the loss changes as the gradient says.
  @Test(arguments: GradientVector.all)
  func agreesWithFiniteDifferences(vector: GradientVector) throws {
    let plan = try Self.plan(vector, isa: .best, threads: 2)
    let mode = Self.mode(vector)
    var generator = SeededGenerator(seed: 11)
    for name in vector.operandNames {
      let number = try #require(plan.store.number(of: name))
      let values = plan.store.values(number)
      let start = Array(values)
      let direction = start.map { _ in Float.random(in: -1...1, using: &generator) }
      func loss(at step: Float) throws -> Double {
        for index in start.indices { values[index] = start[index] + step * direction[index] }
        try plan.forward([:], mode: mode)
        var sum = 0.0
        for (output, upstream) in zip(vector.outputNames, vector.upstream) {
          for (value, weight) in zip(plan.output(output), upstream.data) {
            sum += Double(value) * weight
          }
        }
        return sum
      }
      let step: Float = 1.0 / 1_024
      let slope = (try loss(at: step) - loss(at: -step)) / Double(2 * step)
      _ = try loss(at: 0)
      for (output, upstream) in zip(vector.outputNames, vector.upstream) {
        _ = plan.outputGradient(output)?.update(fromContentsOf: upstream.data.map { Float($0) })
      }
      plan.backward(mode: mode)
      let found = zip(plan.store.gradients(number), direction).reduce(0.0) {
        $0 + Double($1.0) * Double($1.1)
      }
      let size = zip(plan.store.gradients(number), direction).reduce(0.0) {
        $0 + abs(Double($1.0) * Double($1.1))
      }
      #expect(abs(slope - found) <= 0.01 * size + 0.01, "\(name) of \(vector.name)")
    }
  }

  private static func mode(_ vector: GradientVector) -> TrainingMode {
    TrainingMode(
      normalizesByBatch: vector.running != nil, observes: false, quantizes: false)
  }

  private static func plan(
    _ vector: GradientVector, isa: InstructionSet, threads: Int
  ) throws -> TrainingPlan {
    try TrainingPlan(
      vector.model, sample: [:], outputs: vector.outputNames, store: ParameterStore(),
      trained: Set(vector.operandNames), pool: ThreadPool(threads: threads), isa: isa)
  }

  private static func expectClose(
    _ found: [Float], _ expected: GradientVector.Values, _ what: String
  ) {
    let largest = expected.data.map(abs).max() ?? 0
    let distance = zip(found, expected.data).map { abs(Double($0) - $1) }.max() ?? 0
    #expect(
      found.count == expected.data.count && distance <= 2e-5 * max(1, largest) && distance.isFinite,
      "\(what): \(distance) apart, at most \(largest)")
  }
}
