import Quantization
import Tensors
import Testing

@Suite struct WeightTests {
  @Test(arguments: [Granularity.perTensor, .perChannel], [NumericProfile.torch, .ort])
  func codesAreWithinHalfAStep(granularity: Granularity, profile: NumericProfile) throws {
    var source = Stream(seed: 1)
    let values = source.normals(4 * 3 * 9)
    var scheme = TensorScheme.weight(granularity, narrowRange: true)
    scheme.profile = profile
    let weights = try quantizeWeights(values, shape: [4, 3, 3, 3], axis: 0, scheme: scheme)
    #expect(weights.parameters.channels.count == (granularity == .perChannel ? 4 : 1))
    #expect(weights.clippedPercent == 0)
    for index in values.indices {
      let map = weights.parameters.channels[granularity == .perChannel ? index / 27 : 0]
      #expect(abs(map.dequantize(weights.codes[index]) - values[index]) <= 0.501 * map.scale)
      #expect(weights.codes[index] >= -127)
    }
  }

  @Test func theAxisIsTheChannels() throws {
    let values: [Float] = [1, 10, 100, 2, 20, 200]
    let weights = try quantizeWeights(values, shape: [2, 3], axis: 1, scheme: .weight())
    #expect(weights.parameters.axis == 1)
    let scales: [Float] = [2, 20, 200].map { $0 / 127.5 }
    #expect(weights.parameters.channels.map(\.scale) == scales)
  }

  @Test func perChannelIsNeverWorseOnChannelsOfDifferentSize() throws {
    var source = Stream(seed: 2)
    let values = (0..<8).flatMap { source.normals(50, scale: Float(1 << (2 * $0))) }
    let whole = try quantizeWeights(
      values, shape: [8, 50], axis: 0, scheme: .weight(.perTensor))
    let apart = try quantizeWeights(values, shape: [8, 50], axis: 0, scheme: .weight())
    #expect(apart.sqnr > whole.sqnr)
    #expect(whole.warnings.contains { if case .channelSpread = $0 { true } else { false } })
    #expect(apart.warnings.isEmpty)
  }

  @Test func zeroAndTinyChannelsAreReported() throws {
    let values: [Float] = [0, 0, 1, -1, 1e-9, 0, 1e-5, 1e-5, 2, 1]
    let weights = try quantizeWeights(values, shape: [5, 2], axis: 0, scheme: .weight())
    #expect(
      weights.warnings == [
        .allZeroChannels([0]), .flooredChannels([2, 3]), .tinyChannels([2, 3]),
      ])
    #expect(weights.parameters.channels[0].scale == TensorScheme.defaultEpsilon)
    #expect(weights.codes[0] == 0 && weights.codes[4] == 0)
  }

  @Test(arguments: [ObserverKind.histogram, .percentile(99.9), .entropy, .meanSquaredError])
  func searchingObserversLookAtEveryChannel(kind: ObserverKind) throws {
    var source = Stream(seed: 3)
    var values = source.normals(3 * 400)
    for index in 400..<800 { values[index] *= 100 }
    let scales = try quantizeWeights(
      values, shape: [3, 400], axis: 0, scheme: .weight(.perChannel, kind)
    ).parameters.channels.map(\.scale)
    #expect(scales[1] > 20 * scales[0])
    #expect(scales[1] > 20 * scales[2])
  }

  @Test func meanSquaredErrorBeatsMinMaxPerChannel() throws {
    var source = Stream(seed: 4)
    var values = source.normals(2 * 500)
    values[3] = 40
    values[600] = -40
    let minMax = try quantizeWeights(values, shape: [2, 500], axis: 0, scheme: .weight())
    let searched = try quantizeWeights(
      values, shape: [2, 500], axis: 0, scheme: .weight(.perChannel, .meanSquaredError))
    #expect(searched.sqnr > minMax.sqnr)
  }

  @Test func whatCannotBeQuantizedIsAnError() {
    #expect(throws: ParameterError.nonFiniteWeights(count: 1)) {
      try quantizeWeights([1, .nan], shape: [2], axis: 0, scheme: .weight())
    }
    #expect(throws: ParameterError.badWeightAxis(2, shape: "2")) {
      try quantizeWeights([1, 2], shape: [2], axis: 2, scheme: .weight())
    }
    #expect(throws: ParameterError.notObserved) {
      try quantizeWeights([], shape: [0, 3], axis: 1, scheme: .weight())
    }
  }

  @Test func givenMapsAreUsed() {
    let map = QuantizationParameters(scale: 0.5, zeroPoint: 0, range: .int8)
    let weights = quantizeWeights(
      [1, -1.26, 100], shape: [3], parameters: TensorParameters(map), profile: .torch)
    let codes = QuantizedCodes.int8([2, -3, 127])
    #expect(weights.codes == codes)
    #expect(weights.clippedPercent > 33 && weights.clippedPercent < 34)
  }
}

@Suite struct BiasTests {
  private func maps(_ scales: [Float]) -> TensorParameters {
    TensorParameters(
      channels: scales.map { QuantizationParameters(scale: $0, zeroPoint: 0, range: .int8) },
      axis: 0)
  }

  @Test func codesAreMultiplesOfBothScales() {
    let bias = quantizeBias([1, -0.3], inputScale: 0.5, weights: maps([0.25, 0.125]))
    #expect(bias.codes == [8, -5])
    #expect(bias.scales == [0.125, 0.0625])
    #expect(bias.repairedChannels.isEmpty)
    #expect(bias.weights == maps([0.25, 0.125]))
  }

  @Test(arguments: [1e-12, 1e-20, 1e-38, .leastNonzeroMagnitude] as [Float])
  func aBiasThatWouldOverflowEnlargesItsWeightScale(tiny: Float) {
    let bias = quantizeBias([7, -3], inputScale: 0.02, weights: maps([0.01, tiny]))
    #expect(bias.repairedChannels == [1])
    #expect(bias.weights.channels[0].scale == 0.01)
    #expect(bias.codes[1] > .min && bias.codes[1] < -2_000_000_000)
    let real = Double(bias.codes[1]) * Double(bias.scales[1])
    #expect(abs(real + 3) < 1e-6)
    // Repairing what is repaired changes nothing.
    let again = quantizeBias([7, -3], inputScale: 0.02, weights: bias.weights)
    #expect(again.repairedChannels.isEmpty)
    #expect(again.codes == bias.codes)
  }

  @Test func onePerTensorScaleServesEveryBias() {
    let map = TensorParameters(QuantizationParameters(scale: 1e-15, zeroPoint: 0, range: .int8))
    let bias = quantizeBias([1, 2, -8], inputScale: 1, weights: map)
    #expect(bias.scales.count == 1)
    #expect(bias.repairedChannels == [0])
    #expect(bias.codes[2] < -2_000_000_000)
  }

  @Test(arguments: [Float(12.4), 3e8, .infinity, .greatestFiniteMagnitude])
  func anySpreadOfChannelsCanBeSaid(ratio: Float) {
    let text = WeightWarning.channelSpread(ratio: ratio).description
    #expect(text.contains(ratio < 1e6 ? "12 times" : "over a million times"))
  }
}
