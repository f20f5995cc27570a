import Testing

@testable import Kernels

@Suite struct FakeQuantizationKernelTests {
  private typealias Map = FakeQuantizationFloat.Map

  /// Values around every code and both ends, ties included, for a scale of 1/4.
  private static let values: [Float] =
    (-1_300...1_300).map { Float($0) / 16 } + [1e30, -1e30, .infinity, -.infinity, 0, -0.0]

  @Test(arguments: InstructionSet.available)
  func equalsTheDefinition(isa: InstructionSet) {
    let map = Map(scale: 0.25, zeroPoint: 67, lowest: 0, highest: 127)
    let kernel = FakeQuantizationFloat(outer: 1, channels: 1, inner: Self.values.count, isa: isa)
    let input = GuardedBuffer(Self.values)
    let gradient = GuardedBuffer(testValues(Self.values.count))
    let output = GuardedBuffer<Float>(count: Self.values.count, repeating: .nan)
    let passed = GuardedBuffer<Float>(count: Self.values.count, repeating: .nan)
    let pool = ThreadPool(threads: 2)
    kernel.run(input.base, into: output.base, maps: [map], pool: pool)
    kernel.gradient(
      input: input.base, outputGradient: gradient.base, into: passed.base, maps: [map], pool: pool)
    for (index, value) in Self.values.enumerated() {
      let code = (value * 4).rounded(.toNearestOrEven)
      let inside = min(max(code, -67), 60)
      #expect(output.base[index] == inside * 0.25)
      #expect(passed.base[index] == (code == inside ? gradient.base[index] : 0))
    }
  }

  @Test(arguments: InstructionSet.available, [1, 7, 8, 9])
  func channelsHaveMapsOfTheirOwn(isa: InstructionSet, inner: Int) {
    let maps = (1...3).map {
      Map(scale: Float($0) / 8, zeroPoint: 0, lowest: -8, highest: 7)
    }
    let values = testValues(2 * 3 * inner).map { $0 * 4 }
    let kernel = FakeQuantizationFloat(outer: 2, channels: 3, inner: inner, isa: isa)
    let input = GuardedBuffer(values)
    let output = GuardedBuffer<Float>(count: values.count, repeating: .nan)
    kernel.run(input.base, into: output.base, maps: maps, pool: ThreadPool(threads: 1))
    for (index, value) in values.enumerated() {
      let map = maps[index / inner % 3]
      let code = min(max((value * (1 / map.scale)).rounded(.toNearestOrEven), -8), 7)
      #expect(output.base[index] == code * map.scale)
    }
  }

  /// The slope of a step size is what is left of a value between two codes, or its end.
  @Test(arguments: InstructionSet.available)
  func stepSizesHaveSlopes(isa: InstructionSet) {
    let map = Map(scale: 0.5, zeroPoint: 0, lowest: -4, highest: 3)
    let values = testValues(300).map { $0 * 3 }
    let gradient = testValues(300, seed: 9)
    let kernel = FakeQuantizationFloat(outer: 1, channels: 1, inner: 300, isa: isa)
    let (x, dy) = (GuardedBuffer(values), GuardedBuffer(gradient))
    let found = kernel.scaleGradients(input: x.base, outputGradient: dy.base, maps: [map])
    var expected = 0.0
    for (value, weight) in zip(values, gradient) {
      let steps = value * 2
      let code = min(max(steps.rounded(.toNearestOrEven), -4), 3)
      expected += Double(weight * (steps >= -4 && steps <= 3 ? code - steps : code))
    }
    #expect(abs(found[0] - expected) < 1e-3)
  }
}

@Suite struct ChannelSumTests {
  @Test(arguments: InstructionSet.available, [(1, 1), (3, 5), (127, 8), (129, 17), (1_000, 33)])
  func equalTheDefinition(isa: InstructionSet, sizes: (Int, Int)) {
    let (rows, channels) = sizes
    let values = testValues(rows * channels)
    let gradient = testValues(rows * channels, seed: 4)
    let kernel = ChannelSums(rows: rows, channels: channels, isa: isa)
    let (x, dy) = (GuardedBuffer(values), GuardedBuffer(gradient))
    let outputs = (0..<4).map { _ in GuardedBuffer<Float>(count: channels, repeating: .nan) }
    let pool = ThreadPool(threads: 3)
    withScratch(kernel.scratchByteCount(threads: 3)) { scratch in
      kernel.sum(
        x.base, times: 1 / Double(rows), into: outputs[0].base, scratch: scratch, pool: pool)
      kernel.variance(
        x.base, around: outputs[0].base, into: outputs[1].base, scratch: scratch, pool: pool)
      kernel.products(
        gradient: dy.base, values: x.base, means: outputs[0].base, sums: outputs[2].base,
        products: outputs[3].base, scratch: scratch, pool: pool)
    }
    for channel in 0..<channels {
      let column = (0..<rows).map { Double(values[$0 * channels + channel]) }
      let slopes = (0..<rows).map { Double(gradient[$0 * channels + channel]) }
      let mean = column.reduce(0, +) / Double(rows)
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows)
      let products = zip(column, slopes).reduce(0.0) { $0 + ($1.0 - mean) * $1.1 }
      #expect(abs(Double(outputs[0].base[channel]) - mean) < 1e-5)
      #expect(abs(Double(outputs[1].base[channel]) - variance) < 1e-5)
      #expect(abs(Double(outputs[2].base[channel]) - slopes.reduce(0, +)) < 1e-3)
      #expect(abs(Double(outputs[3].base[channel]) - products) < 1e-3)
    }
  }
}
