import Calibration
import Kernels
import Quantization
import Testing

@Suite struct FastObservationKernelsTests {
  struct Case: CustomTestStringConvertible {
    var set: InstructionSet
    var threads: Int
    var outer: Int
    var channels: Int
    var inner: Int
    var content: Content
    var testDescription: String {
      "\(set) \(threads) threads \(outer)x\(channels)x\(inner) \(content)"
    }
  }

  enum Content: CaseIterable {
    case wide, rectified, clamped, negative, far, special, equal, tiny, huge
  }

  static let cases: [Case] = InstructionSet.available.flatMap { set in
    [
      (1, 1, 8, 1), (1, 37, 8, 1), (2, 1100, 24, 1), (1, 9, 40, 1), (1, 5, 3, 7), (2, 2, 16, 4001),
      (1, 700, 13, 1), (1, 1, 1, 9001), (2, 20000, 8, 1),
    ].flatMap { threads, outer, channels, inner in
      Content.allCases.map {
        Case(
          set: set, threads: threads, outer: outer, channels: channels, inner: inner, content: $0)
      }
    }
  }

  private func values(_ content: Content, count: Int) -> [Float] {
    var generator = SplitMix(state: UInt64(count))
    return (0..<count).map { index in
      let x = generator.next()
      switch content {
      case .wide: return 3 * x
      case .rectified: return max(0, 2 * x)
      case .clamped: return min(max(0, 4 * x), 6 * 0.25)
      case .negative: return -1 - abs(x)
      case .far: return 1000 + x
      case .equal: return 0.75
      case .tiny: return x * 0x1p-120
      case .huge: return x * 0x1p127
      case .special:
        switch index % 97 {
        case 0: return .nan
        case 1: return .infinity
        case 2: return -.infinity
        case 3: return -0.0
        default: return x
        }
      }
    }
  }

  @Test(arguments: cases) func agreesWithTheReference(_ item: Case) throws {
    let fast = FastObservationKernels(
      instructionSet: item.set, pool: ThreadPool(threads: item.threads))
    var expected = TensorStatistics(channelAxis: 1)
    var found = TensorStatistics(channelAxis: 1)
    let count = item.outer * item.channels * item.inner
    // The second batch widens the range; those that follow stay inside and are counted in one read.
    for factor: Float in [1, 1.5, 1.25, 1.5] {
      let values = values(item.content, count: count).map { $0 * factor }
      values.withUnsafeBufferPointer { buffer in
        let view = BatchView(
          buffer, outer: item.outer, channels: item.channels, inner: item.inner)
        expected.observe(view, using: ScalarObservationKernels())
        found.observe(view, using: fast)
      }
    }
    #expect(found.signed == expected.signed)
    #expect(found.absolute == expected.absolute)
    #expect(found.channels == expected.channels)
    #expect(found.batchRanges == expected.batchRanges)
    #expect(found.elementCount == expected.elementCount)
    #expect(found.zeroCount == expected.zeroCount)
    #expect(found.leftOutCount == expected.leftOutCount)
    #expect(found.nanCount == expected.nanCount)
    // Sums may be taken in float over a block.
    let scale = expected.meanSquare.squareRoot()
    #expect(abs(found.mean - expected.mean) <= 1e-6 * scale)
    #expect(abs(found.meanSquare - expected.meanSquare) <= 1e-6 * expected.meanSquare)
  }

  /// Values within some units in the last place of where bins begin, where a quotient that is rounded
  /// otherwise shows.
  @Test(arguments: InstructionSet.available)
  func valuesBesideTheEdgesOfBinsAgree(set: InstructionSet) {
    let fast = FastObservationKernels(instructionSet: set, pool: ThreadPool(threads: 1))
    var generator = SplitMix(state: 7)
    for turn in 0..<300 {
      let exponent = turn % 5 == 0 ? turn % 120 - 60 : turn % 9 - 4
      var width = Float(sign: .plus, exponent: exponent, significand: 1.5 + generator.next() / 2)
      if turn % 3 == 0 { width = width.binade * 2 - (width.binade * 2).ulp * Float(turn % 4) }
      let lower = turn % 2 == 0 ? 0 : -width * abs(generator.next())
      let upper = lower + width
      let values = (0..<9000).map { index -> Float in
        let bin = Float(index % 2049) / 2048
        let edge = lower + (upper - lower) * bin
        return min(max(edge + edge.ulp * Float(index % 7 - 3), lower), upper)
      }
      let limit = max(abs(lower), upper)
      let inverse = 2048 / (limit.binade * 2)
      func counts(_ kernels: some ObservationKernels) -> [UInt32] {
        var counts = [UInt32](repeating: 0, count: 2 * 2048)
        values.withUnsafeBufferPointer { values in
          counts.withUnsafeMutableBufferPointer { counts in
            kernels.histograms(
              values,
              into: HistogramCounts(
                lower: lower, upper: upper,
                signed: UnsafeMutableBufferPointer(rebasing: counts[..<2048]),
                inverseWidth: inverse,
                absolute: UnsafeMutableBufferPointer(rebasing: counts[2048...])))
          }
        }
        return counts
      }
      #expect(counts(fast) == counts(ScalarObservationKernels()))
    }
  }

  @Test(arguments: InstructionSet.available)
  func theNumberOfThreadsDoesNotShow(set: InstructionSet) {
    let values = values(.rectified, count: 24 * 9000)
    let all = [1, 2, 3].map { threads in
      var statistics = TensorStatistics(channelAxis: 1)
      values.withUnsafeBufferPointer {
        statistics.observe(
          BatchView($0, outer: 9000, channels: 24, inner: 1),
          using: FastObservationKernels(instructionSet: set, pool: ThreadPool(threads: threads)))
      }
      return statistics
    }
    #expect(all[0] == all[1])
    #expect(all[0] == all[2])
  }
}

/// Numbers between -1 and 1.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> Float {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Float(Int64(bitPattern: z ^ (z >> 31)) >> 40) * 0x1p-23
  }
}
