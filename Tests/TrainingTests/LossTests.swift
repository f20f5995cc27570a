import Datasets
import Testing

@testable import Training

/// Losses against finite differences of themselves.
@Suite struct LossTests {
  enum Kind: CaseIterable { case crossEntropy, squaredError, divergence, noiseToSignal }

  private static func take(
    _ kind: Kind, _ values: [Float], _ teacher: [Float]
  ) -> (loss: Double, gradient: [Float]) {
    var gradient = [Float](repeating: 0, count: values.count)
    let loss = values.withUnsafeBufferPointer { values in
      teacher.withUnsafeBufferPointer { teacher in
        gradient.withUnsafeMutableBufferPointer { gradient in
          switch kind {
          case .crossEntropy: Loss.crossEntropy(values, labels: [1, 0, 3], into: gradient)
          case .squaredError:
            Loss.squaredError(values, target: { teacher[$0] }, into: gradient)
          case .divergence:
            Loss.divergence(values, from: teacher, rows: 3, temperature: 2, into: gradient)
          case .noiseToSignal:
            Loss.noiseToSignal(values, from: teacher, weight: 1, into: gradient)
          }
        }
      }
    }
    return (loss, gradient)
  }

  @Test(arguments: Kind.allCases) func gradientIsTheSlope(kind: Kind) {
    var generator = SeededGenerator(seed: 3)
    let values = (0..<12).map { _ in Float.random(in: -2...2, using: &generator) }
    let teacher = (0..<12).map { _ in Float.random(in: -2...2, using: &generator) }
    let (_, gradient) = Self.take(kind, values, teacher)
    for index in values.indices {
      var (more, less) = (values, values)
      more[index] += 1 / 128
      less[index] -= 1 / 128
      let slope =
        64 * (Self.take(kind, more, teacher).loss - Self.take(kind, less, teacher).loss)
      #expect(abs(slope - Double(gradient[index])) < 1e-3)
    }
  }

  @Test func nothingIsLostOnOneself() {
    let values: [Float] = [1, 2, -1, 0, 0.5, 3, 1, 1, 2, -2, 0, 1]
    for kind in [Kind.squaredError, .divergence, .noiseToSignal] {
      let (loss, gradient) = Self.take(kind, values, values)
      #expect(abs(loss) < 1e-9 && gradient.allSatisfy { abs($0) < 1e-6 })
    }
  }
}
