import Foundation
package import Tensors

/// A weight tensor as codes, with what that cost.
package struct QuantizedWeights: Hashable, Sendable {
  /// In the order of the float weights.
  package let codes: QuantizedCodes
  package let parameters: TensorParameters
  /// Measured, in decibels; infinite when every weight is a code.
  package let sqnr: Double
  /// How many weights saturate, in percent.
  package let clippedPercent: Double
  /// What a user should know; empty when the maps were given.
  package let warnings: [WeightWarning]

  /// Rounds weights with given maps by the profile's rule.
  ///
  /// Codes are clamped to the range in use. A reduced range gives way by one code at each end:
  /// both libraries clamp to the type only, and the extreme of a min-max range may round there
  /// (63.5 steps become 64).
  ///
  /// - Precondition: `weights` is float32, and per-channel parameters fit its shape.
  package init(
    _ weights: Tensor, parameters: TensorParameters, profile: NumericProfile,
    warnings: [WeightWarning] = []
  ) {
    let (_, channels, inner) = weights.shape.channelExtent(axis: parameters.axis)
    precondition(
      parameters.channels.count == channels,
      "\(parameters.channels.count) maps for \(channels) channels")
    self.parameters = parameters
    self.warnings = warnings
    var tally = CodingTally()
    let maps = parameters.channels.map(\.yieldingAtReducedEnds)
    codes = weights.withUnsafeElements(of: Float.self) { values in
      switch parameters.type {
      case .qint8, .qint4:
        .int8(
          tally.codes(values, maps, inner: inner, profile) {
            Int8(truncatingIfNeeded: $0)
          })
      case .quint8, .quint4:
        .uint8(
          tally.codes(values, maps, inner: inner, profile) {
            UInt8(truncatingIfNeeded: $0)
          })
      }
    }
    sqnr = tally.error > 0 ? 10 * log10(tally.signal / tally.error) : .infinity
    clippedPercent = 100 * Double(tally.clipped) / Double(max(weights.elementCount, 1))
  }
}

extension QuantizationParameters {
  fileprivate var yieldingAtReducedEnds: QuantizationParameters {
    let full = range.type.fullRange
    guard range.steps < full.steps - 1 else { return self }
    let wider = QuantizedRange(
      lowest: max(range.lowest - 1, full.lowest), highest: min(range.highest + 1, full.highest),
      type: range.type)
    return QuantizationParameters(scale: scale, zeroPoint: zeroPoint, range: wider)
  }
}

/// Sums taken while coding.
private struct CodingTally {
  var signal = 0.0
  var error = 0.0
  var clipped = 0

  /// Codes of values laid out `[outer, channels, inner]`.
  mutating func codes<Code>(
    _ values: UnsafeBufferPointer<Float>, _ maps: [QuantizationParameters], inner: Int,
    _ profile: NumericProfile, _ narrowed: (Int32) -> Code
  ) -> [Code] {
    Array(unsafeUninitializedCapacity: values.count) { codes, count in
      var start = 0
      var channel = 0
      while start < values.count {
        let map = maps[channel]
        for index in start..<(start + inner) {
          let value = values[index]
          let code = map.quantize(value, profile)
          let difference = Double(value) - Double(map.dequantize(code))
          signal += Double(value) * Double(value)
          error += difference * difference
          // Beyond half a step the nearest code would lie outside.
          if abs(difference) > 0.500001 * Double(map.scale) { clipped += 1 }
          codes.initializeElement(at: index, to: narrowed(code))
        }
        start += inner
        channel = channel + 1 == maps.count ? 0 : channel + 1
      }
      count = values.count
    }
  }
}

extension Shape {
  /// The shape seen as `[outer, channels, inner]` around `axis`; one channel without an axis.
  /// - Precondition: the axis exists.
  func channelExtent(axis: Int?) -> (outer: Int, channels: Int, inner: Int) {
    guard let axis else { return (1, 1, max(elementCount, 1)) }
    precondition(dimensions.indices.contains(axis), "axis \(axis) of \(self)")
    let inner = dimensions[(axis + 1)...].reduce(1, *)
    return (dimensions[..<axis].reduce(1, *), dimensions[axis], max(inner, 1))
  }
}
