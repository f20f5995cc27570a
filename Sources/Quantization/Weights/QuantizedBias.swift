/// A bias as int32 codes, with scales `inputScale * weightScale` and zero point 0.
///
/// Where a bias would not fit 32 bits, because a channel's weights are tiny, the weight scale is
/// enlarged until it fits, as ONNX Runtime does: the weights lose precision they hardly had, instead
/// of the bias being clipped to nonsense. The weights must then be quantized again with ``weights``.
package struct QuantizedBias: Hashable, Sendable {
  package let codes: [Int32]
  /// One per code, or one for all when weights are per tensor: what ONNX stores.
  package let scales: [Float]
  /// The weight's maps, enlarged in ``repairedChannels``.
  package let weights: TensorParameters
  /// Channels whose scale had to grow; `[0]` for per-tensor weights.
  package let repairedChannels: [Int]

  /// - Parameters:
  ///   - bias: one value per output channel.
  ///   - inputScale: of the layer's input.
  ///   - weights: symmetric maps, one or one per value of `bias`.
  package init(_ bias: [Float], inputScale: Float, weights: TensorParameters) {
    precondition(
      !weights.isPerChannel || weights.channels.count == bias.count,
      "\(weights.channels.count) weight channels for \(bias.count) biases")
    var maps = weights.channels
    var repaired: [Int] = []
    for channel in maps.indices {
      let magnitude =
        weights.isPerChannel ? abs(bias[channel]) : bias.reduce(0) { max($0, abs($1)) }
      // 1.0001 leaves room for the rounding of the product of two scales.
      let least = 1.0001 * 2 * Double(magnitude) / 4_294_967_294
      let scale = Double(inputScale * maps[channel].scale)
      guard magnitude.isFinite, scale < least else { continue }
      // From the input scale, not from the ratio of the scales: their product may be 0.
      maps[channel] = QuantizationParameters(
        scale: Float(least / Double(inputScale)).nextUp, zeroPoint: maps[channel].zeroPoint,
        range: maps[channel].range)
      repaired.append(channel)
    }
    let scales = maps.map { inputScale * $0.scale }
    codes = bias.indices.map { index in
      let scale = Double(scales[weights.isPerChannel ? index : 0])
      let exact = (Double(bias[index]) / scale).rounded(.toNearestOrEven)
      guard !exact.isNaN else { return 0 }
      return Int32(min(max(exact, Double(Int32.min)), Double(Int32.max)))
    }
    self.scales = scales
    self.weights =
      weights.axis.map { TensorParameters(channels: maps, axis: $0) } ?? TensorParameters(maps[0])
    repairedChannels = repaired
  }
}
