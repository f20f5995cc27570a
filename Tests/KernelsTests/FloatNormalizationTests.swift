import Testing

@testable import Kernels

@Suite struct FloatNormalizationTests {
  @Test(arguments: InstructionSet.available, [0, 1, 7, 8, 9, 16, 31, 32, 33, 100])
  func rowsAreNormalisedByTheirMoments(isa: InstructionSet, count: Int) {
    let input = GuardedBuffer(testValues(count))
    for centers in [true, false] {
      let (mean, squares) = NormalizationFloat.deviation(
        input.base, count: count, centers: centers, isa: isa)
      let sum = input.array.reduce(0.0) { $0 + Double($1) }
      let wanted = centers && count > 0 ? sum / Double(count) : 0
      #expect(abs(mean - wanted) <= 1e-12)
      let rest = input.array.reduce(0.0) { $0 + (Double($1) - wanted) * (Double($1) - wanted) }
      #expect(abs(squares - rest) <= 1e-9 * max(1, rest))
    }
    for steps in [(0, 0), (0, 1), (1, 0), (1, 1)] {
      let scale = GuardedBuffer(testValues(steps.0 == 1 ? max(count, 1) : 1, seed: 2))
      let bias = GuardedBuffer(testValues(steps.1 == 1 ? max(count, 1) : 1, seed: 3))
      let output = GuardedBuffer<Float>(count: count, repeating: .nan)
      NormalizationFloat.apply(
        input.base, into: output.base, count: count, mean: 0.25, factor: 1.5, scale: scale.base,
        bias: bias.base, steps: (scale: steps.0, bias: steps.1), isa: isa)
      for index in 0..<count {
        let value = (input.base[index] - 0.25) * 1.5 * scale.base[index * steps.0]
        #expect(abs(output.base[index] - (value + bias.base[index * steps.1])) <= 1e-5)
      }
    }
  }

  /// The first value is what differences are taken from; here it is the mean, near it, or far away.
  @Test(arguments: InstructionSet.available, [1e6, 1_000_000.25, -3e7, 0] as [Float])
  func aSmallDeviationAroundALargeMeanIsFound(isa: InstructionSet, first: Float) {
    let values = [first] + (1..<203).map { 1e6 + Float($0 % 5) / 16 }
    let input = GuardedBuffer(values)
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
    let rest = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    let found = NormalizationFloat.deviation(
      input.base, count: values.count, centers: true, isa: isa)
    #expect(abs(found.mean - mean) <= 1e-9 * abs(mean))
    #expect(abs(found.squares - rest) <= 1e-7 * rest)
  }

  @Test(arguments: InstructionSet.available)
  func equalValuesDoNotDeviate(isa: InstructionSet) {
    let input = GuardedBuffer([Float](repeating: 0.1, count: 77))
    let found = NormalizationFloat.deviation(input.base, count: 77, centers: true, isa: isa)
    #expect(found.squares >= 0 && found.squares < 1e-20)
    #expect(Float(found.mean) == 0.1)
  }
}
