package import Tensors

/// A weight tensor and its distribution: answers what any scheme would make of it.
package struct WeightStatistics: Sendable {
  package let weights: Tensor
  /// Of the whole tensor, with the range of every channel along the axis.
  package let whole: TensorStatistics
  package let axis: Int

  /// - Parameters:
  ///   - weights: float32.
  ///   - axis: the channel axis: Conv 0, ConvTranspose 1, MatMul and Gemm 1 (0 when transposed).
  /// - Throws: `ParameterError` when a weight is not finite or there is no such axis.
  package init(_ weights: Tensor, axis: Int) throws(ParameterError) {
    guard let axis = weights.shape.resolved(axis: axis) else {
      throw .badWeightAxis(axis, shape: "\(weights.shape)")
    }
    self.weights = weights
    self.axis = axis
    var whole = TensorStatistics(channelAxis: axis)
    let (outer, channels, inner) = weights.shape.channelExtent(axis: axis)
    weights.withUnsafeElements(of: Float.self) { values in
      whole.observe(
        BatchView(values, outer: outer, channels: channels, inner: inner),
        using: ScalarObservationKernels())
    }
    guard whole.nonFiniteCount == 0 else { throw .nonFiniteWeights(count: whole.nonFiniteCount) }
    self.whole = whole
  }

  /// The maps a scheme gives these weights.
  ///
  /// Ranges come from the weights themselves, so a moving average is their min-max. Observers that
  /// search run over every channel by itself when the scheme is per channel.
  package func parameters(for scheme: TensorScheme) throws(ParameterError) -> TensorParameters {
    guard weights.elementCount > 0 else { throw .notObserved }
    var scheme = scheme
    if case .movingAverageMinMax = scheme.observer { scheme.observer = .minMax }
    guard scheme.granularity == .perChannel else { return try whole.parameters(for: scheme) }
    switch scheme.observer {
    case .minMax, .fixed, .manual, .movingAverageMinMax:
      return try whole.parameters(for: scheme)
    case .histogram, .percentile, .entropy, .meanSquaredError:
      return try searchedParameters(for: scheme)
    }
  }

  /// Channels are searched in shares on all cores.
  private func searchedParameters(
    for scheme: TensorScheme
  ) throws(ParameterError) -> TensorParameters {
    let channels = weights.shape[axis]
    var scheme = scheme
    scheme.granularity = .perTensor
    let shares = stride(from: 0, to: channels, by: 32).map { $0..<min($0 + 32, channels) }
    let found = concurrentMap(shares) { [scheme] share in
      Result { () throws(ParameterError) in try searched(share, for: scheme) }
    }
    var maps: [QuantizationParameters] = []
    for share in found { maps += try share.get() }
    return TensorParameters(channels: maps, axis: axis)
  }

  private func searched(
    _ share: Range<Int>, for scheme: TensorScheme
  ) throws(ParameterError) -> [QuantizationParameters] {
    let (outer, channels, inner) = weights.shape.channelExtent(axis: axis)
    let bins = Self.bins(forChannelOf: outer * inner)
    var maps: [QuantizationParameters] = []
    var values: [Float] = []
    for channel in share {
      values.removeAll(keepingCapacity: true)
      weights.withUnsafeElements(of: Float.self) { all in
        for outerIndex in 0..<outer {
          let start = (outerIndex * channels + channel) * inner
          values.append(contentsOf: all[start..<(start + inner)])
        }
      }
      var statistics = TensorStatistics(bins: bins)
      values.withUnsafeBufferPointer {
        statistics.observe(BatchView($0), using: ScalarObservationKernels())
      }
      maps.append(try statistics.parameters(for: scheme).channels[0])
    }
    return maps
  }

  /// A channel of a few values has no use for thousands of bins: two to five values share one, and
  /// there are two for every code.
  private static func bins(forChannelOf count: Int) -> Int {
    1 << min(max(count.bitWidth - count.leadingZeroBitCount - 2, 9), 11)
  }

  /// What a user should know before these weights are quantized with a scheme.
  package func warnings(
    for scheme: TensorScheme, parameters: TensorParameters
  ) -> [WeightWarning] {
    guard let channels = whole.channels, channels.count > 1 else { return [] }
    let magnitudes = zip(channels.minima, channels.maxima).map { max(-$0, $1) }
    let zero = magnitudes.indices.filter { magnitudes[$0] == 0 }
    let occupied = magnitudes.filter { $0 > 0 }.sorted()
    guard let least = occupied.first, let greatest = occupied.last else { return [] }
    var warnings: [WeightWarning] = zero.isEmpty ? [] : [.allZeroChannels(zero)]
    guard parameters.isPerChannel else {
      let ratio = greatest / least
      if ratio >= 32 { warnings.append(.channelSpread(ratio: ratio)) }
      return warnings
    }
    let floored = magnitudes.indices.filter {
      scheme.profile == .torch && magnitudes[$0] > 0
        && parameters.channels[$0].scale <= scheme.epsilon
    }
    if !floored.isEmpty { warnings.append(.flooredChannels(floored)) }
    let median = occupied[occupied.count / 2]
    let tiny = magnitudes.indices.filter { magnitudes[$0] > 0 && magnitudes[$0] < median * 0x1p-12 }
    if !tiny.isEmpty { warnings.append(.tinyChannels(tiny)) }
    return warnings
  }

  /// The weights as codes under a scheme.
  package func quantized(with scheme: TensorScheme) throws(ParameterError) -> QuantizedWeights {
    let parameters = try parameters(for: scheme)
    return QuantizedWeights(
      weights, parameters: parameters, profile: scheme.profile,
      warnings: warnings(for: scheme, parameters: parameters))
  }
}
