import Quantization
import Tensors
import Testing

/// What other tools crash on, run out of memory for, or get wrong: extreme values, ranges that begin
/// narrow, tensors with nothing in them. Every observer has to answer, under every scheme.
@Suite struct EdgeInputTests {
  enum Data: CaseIterable {
    case greatest, greatestAndLeast, infinities, notNumbers, narrowFirst, oneUlpFirst, zeros,
      constant
    case negativeConstant, denormals, single, singleAmongEmpty, otherShapes, growing

    /// Batches of values and, for each, its number of channels.
    var batches: [(values: [Float], channels: Int)] {
      let most = Float.greatestFiniteMagnitude
      switch self {
      case .greatest: return [([-most, most, 1, -1], 2), ([0, most], 2)]
      case .greatestAndLeast:
        return [([.leastNonzeroMagnitude, -.leastNonzeroMagnitude], 2), ([most, -most], 2)]
      case .infinities: return [([1, .infinity, -2, -.infinity], 2), ([.infinity, 3], 2)]
      case .notNumbers: return [([.nan, .nan], 2), ([.nan, 0.5], 2), ([-0.25, .nan], 2)]
      case .narrowFirst: return [([1e-30, 2e-30], 2), ([-1e3, 1e3], 2), ([3, 4], 2)]
      case .oneUlpFirst: return [([1, Float(1).nextUp], 2), ([-50, 1e6], 2)]
      case .zeros: return [([0, 0, -0.0, 0], 2), ([0, 0], 2)]
      case .constant: return [([1.5, 1.5], 2), ([1.5, 1.5, 1.5, 1.5], 2)]
      case .negativeConstant: return [([-3, -3], 2)]
      case .denormals:
        let least = Float.leastNormalMagnitude
        return [([least / 100, -least / 400], 2), ([least / 50, 0], 2)]
      case .single: return [([7], 1)]
      case .singleAmongEmpty: return [([], 1), ([-7], 1), ([], 1)]
      case .otherShapes: return [([1, 2, 3, 4, 5, 6], 2), ([-9, 9], 2), ([0.5, 1, 2, 8], 2)]
      case .growing: return (0..<30).map { ([-powered($0), powered($0) / 2], 2) }
      }
    }

    private func powered(_ exponent: Int) -> Float {
      (0..<exponent).reduce(Float(1e-12)) { value, _ in value * 10 }
    }

    var statistics: TensorStatistics {
      var statistics = TensorStatistics(channelAxis: 1)
      for (values, channels) in batches {
        let inner = values.count / channels
        statistics.observe(values, outer: 1, channels: channels, inner: inner)
      }
      return statistics
    }

    /// All that is finite.
    var extent: ClosedRange<Float> {
      let finite = batches.flatMap(\.values).filter(\.isFinite)
      return (finite.min() ?? 0)...(finite.max() ?? 0)
    }
  }

  @Test(arguments: Data.allCases, RangeChoiceTests.kinds)
  func everyObserverAnswers(data: Data, kind: ObserverKind) throws {
    let statistics = data.statistics
    for symmetry in [Symmetry.affine, .symmetric] {
      for type in [QuantizedType.quint8, .qint8] {
        for reduced in [false, true] {
          var scheme = TensorScheme.activation(kind, symmetry)
          scheme.type = type
          scheme.reduceRange = reduced
          // PyTorch's search has no answer when the width of the range is no float32.
          if kind == .histogram, !(data.extent.upperBound - data.extent.lowerBound).isFinite {
            #expect(throws: ParameterError.self) { try statistics.choice(for: scheme) }
            continue
          }
          let choice = try statistics.choice(for: scheme)
          let parameters = choice.parameters
          #expect(parameters.scale > 0 && parameters.scale.isFinite, "\(scheme)")
          #expect(
            parameters.range.lowest...parameters.range.highest ~= parameters.zeroPoint,
            "\(scheme)")
          #expect(choice.lower <= choice.upper && choice.lower.isFinite && choice.upper.isFinite)
          #expect(!choice.predictedSQNR.isNaN, "\(scheme)")
          #expect((0...1).contains(choice.noise.clippedShare))
        }
      }
    }
  }

  @Test(arguments: Data.allCases) func minimumAndMaximumAreExact(data: Data) {
    let statistics = data.statistics
    #expect(statistics.minimum == data.extent.lowerBound)
    #expect(statistics.maximum == data.extent.upperBound)
    let finite = data.batches.flatMap(\.values).count(where: \.isFinite)
    #expect(statistics.elementCount == finite)
    #expect(abs(statistics.signed.total - Double(finite)) < 1e-3)
  }

  /// A range that began narrow is not remembered at the price of what came later.
  @Test func countsFollowARangeThatGrowsByThirtyOrdersOfMagnitude() throws {
    let choice = try Data.narrowFirst.statistics.choice(for: .activation(.minMax))
    #expect(choice.lower == -1e3 && choice.upper == 1e3)
    let histogram = try Data.narrowFirst.statistics.choice(for: .activation(.histogram))
    #expect(histogram.upper > 3)
  }

  @Test(arguments: Data.allCases) func shardsAgreeOnTheRange(data: Data) {
    var merged = TensorStatistics(channelAxis: 1)
    for (values, channels) in data.batches {
      var shard = TensorStatistics(channelAxis: 1)
      shard.observe(values, outer: 1, channels: channels, inner: values.count / channels)
      merged.merge(shard)
    }
    #expect(merged.minimum == data.statistics.minimum)
    #expect(merged.maximum == data.statistics.maximum)
    #expect(merged.nonFiniteCount == data.statistics.nonFiniteCount)
  }
}
