import Kernels
import Testing

@Suite struct ObserveTests {
  static let counts = [0, 1, 7, 8, 9, 15, 16, 17, 1023, 1024, 1033, 70_000]
  private let pool = ThreadPool(threads: 2)

  /// Values like activations after a ReLU, with some that are not finite.
  private func values(_ count: Int, seed: UInt64, special: [Float] = []) -> [Float] {
    var random = SeededRandom(seed: seed)
    return (0..<count).map { index in
      if !special.isEmpty && index % 37 == 5 { return special[index / 37 % special.count] }
      return Bool.random(using: &random) ? 0 : Float.random(in: -3...5, using: &random)
    }
  }

  private static let notFinite: [Float] = [.nan, .infinity, -.infinity, -.infinity]

  private func expectedExtent(_ values: some Sequence<Float>) -> ValueExtent {
    var extent = ValueExtent()
    for value in values {
      extent.count += 1
      if value.isNaN {
        extent.nanCount += 1
      } else if value == .infinity {
        extent.positiveInfinityCount += 1
      } else if value == -.infinity {
        extent.negativeInfinityCount += 1
      } else {
        extent.min = min(extent.min, value)
        extent.max = max(extent.max, value)
      }
    }
    return extent
  }

  @Test(arguments: counts, [[], notFinite])
  func extentsCoverFiniteValuesAndCountTheOthers(count: Int, special: [Float]) {
    let values = values(count, seed: 1, special: special)
    let expected = expectedExtent(values)
    for isa in InstructionSet.available {
      let buffer = GuardedBuffer(values)
      defer { withExtendedLifetime(buffer) {} }
      let extent = ObserveKernels(isa: isa).extent(buffer.base, count: count, pool: pool)
      #expect(extent == expected, "\(isa)")
    }
  }

  @Test func negativeZeroIsZero() {
    for isa in InstructionSet.available {
      for zeros: [Float] in [[0, -0.0, 0, -0.0, 0, 0, 0, -0.0, 0], [-0.0]] {
        let extent = ObserveKernels(isa: isa).extent(zeros, count: zeros.count, pool: pool)
        #expect(extent.min.sign == .plus && extent.max.sign == .plus)
      }
    }
  }

  struct Layout: CustomTestStringConvertible, Sendable {
    let outer: Int
    let channels: Int
    let inner: Int

    var testDescription: String { "\(outer) x \(channels) x \(inner)" }
  }

  @Test(
    arguments: [
      Layout(outer: 0, channels: 3, inner: 1), Layout(outer: 1, channels: 1, inner: 1),
      Layout(outer: 130, channels: 17, inner: 1), Layout(outer: 2000, channels: 64, inner: 1),
      Layout(outer: 2, channels: 5, inner: 49), Layout(outer: 3, channels: 40, inner: 1500),
    ], [[], notFinite])
  func channelExtentsSeparateChannels(layout: Layout, special: [Float]) {
    let values = values(
      layout.outer * layout.channels * layout.inner, seed: 2, special: special)
    let channels = (0..<layout.channels).map { channel in
      expectedExtent(
        values.enumerated().lazy
          .filter { $0.offset / layout.inner % layout.channels == channel }.map(\.element))
    }
    for isa in InstructionSet.available {
      let buffer = GuardedBuffer(values)
      defer { withExtendedLifetime(buffer) {} }
      let minima = GuardedBuffer<Float>(count: layout.channels, repeating: .infinity)
      let maxima = GuardedBuffer<Float>(count: layout.channels, repeating: -.infinity)
      let extent = ObserveKernels(isa: isa).channelExtents(
        buffer.base, outer: layout.outer, channels: layout.channels, inner: layout.inner,
        minima: minima.base, maxima: maxima.base, pool: pool)
      #expect(extent == expectedExtent(values), "\(isa)")
      #expect(minima.array == channels.map(\.min), "\(isa)")
      #expect(maxima.array == channels.map(\.max), "\(isa)")
    }
  }

  @Test(arguments: counts, [[], notFinite])
  func histogramsFollowTheirFormulas(count: Int, special: [Float]) {
    let values = values(count, seed: 3, special: special + (special.isEmpty ? [] : [4.5, 1e30]))
    for (low, high): (Float, Float) in [(-3, 5), (0, 4.5), (0.5, 1), (-1e-3, 0), (2, 2)] {
      let range = RangeHistogramKernel(min: low, max: high)
      let magnitude = MagnitudeHistogramKernel(limit: 4.5)
      var rangeCounts = [UInt64](repeating: 1, count: 100)
      var magnitudeCounts = [UInt64](repeating: 2, count: 77)
      for value in values {
        if value >= range.min && value <= range.max {
          let position = (value - range.min) * 100 / (range.max - range.min)
          rangeCounts[min(Int(position), 99)] += 1
        }
        if value.isFinite {
          magnitudeCounts[Int(min(abs(value) * (77 / Float(4.5)), 76))] += 1
        }
      }
      for isa in InstructionSet.available {
        let kernels = ObserveKernels(isa: isa)
        let buffer = GuardedBuffer(values)
        defer { withExtendedLifetime(buffer) {} }
        var both = ([UInt64](repeating: 1, count: 100), [UInt64](repeating: 2, count: 77))
        var single = both
        kernels.countHistograms(
          buffer.base, count: count, range: range, rangeCounts: &both.0, magnitude: magnitude,
          magnitudeCounts: &both.1, pool: pool)
        kernels.countHistogram(buffer.base, count: count, range, counts: &single.0, pool: pool)
        kernels.countHistogram(buffer.base, count: count, magnitude, counts: &single.1, pool: pool)
        #expect(both.0 == rangeCounts && single.0 == rangeCounts, "\(isa), \(low)...\(high)")
        #expect(both.1 == magnitudeCounts && single.1 == magnitudeCounts, "\(isa)")
      }
    }
  }

  @Test func extremeRangesAgreeBetweenInstructionSets() {
    let values: [Float] = [
      3e38, -3e38, 1e30, 0, .leastNonzeroMagnitude, -1, 1, .greatestFiniteMagnitude, .infinity,
      .nan, 2,
    ]
    for limit: Float in [0, .leastNonzeroMagnitude, 1, 3e38, .infinity] {
      let results = InstructionSet.available.map { isa in
        var counts = ([UInt64](repeating: 0, count: 2048), [UInt64](repeating: 0, count: 2048))
        ObserveKernels(isa: isa).countHistograms(
          values, count: values.count,
          range: RangeHistogramKernel(min: -.greatestFiniteMagnitude, max: limit),
          rangeCounts: &counts.0, magnitude: MagnitudeHistogramKernel(limit: limit),
          magnitudeCounts: &counts.1, pool: pool)
        return counts.0 + counts.1
      }
      #expect(results.allSatisfy { $0 == results[0] }, "limit \(limit)")
      #expect(results[0][2048...].reduce(0, +) == 9)
    }
  }

  @Test(arguments: counts)
  func errorSumsAreTheSameForAllThreadsAndKernels(count: Int) {
    let reference = values(count, seed: 4)
    let test = values(count, seed: 5)
    let results = InstructionSet.available.flatMap { isa in
      [1, 3].map { threads in
        ObserveKernels(isa: isa).errorSums(
          reference: reference, test: test, count: count, pool: ThreadPool(threads: threads))
      }
    }
    #expect(results.allSatisfy { $0 == results[0] })
    var expected = ErrorSums()
    for (x, y) in zip(reference, test) {
      expected.referenceSquares += Double(x) * Double(x)
      expected.testSquares += Double(y) * Double(y)
      expected.products += Double(x) * Double(y)
      expected.errorSquares += (Double(x) - Double(y)) * (Double(x) - Double(y))
      expected.largestError = max(expected.largestError, abs(Double(x) - Double(y)))
    }
    #expect(results[0].count == count)
    #expect(results[0].largestError == expected.largestError)
    for sum in [\ErrorSums.referenceSquares, \.testSquares, \.products, \.errorSquares] {
      #expect(abs(results[0][keyPath: sum] - expected[keyPath: sum]) <= 1e-9 * Double(count))
    }
  }
}
