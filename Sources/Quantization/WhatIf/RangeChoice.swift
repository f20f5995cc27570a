import Foundation

/// What one observer would do with a tensor: the range it chooses, the map that covers it, and what
/// that is predicted to cost.
///
/// The prediction comes from the histogram alone. It speaks of this tensor by itself, not of what
/// layers before it have already lost.
package struct RangeChoice: Hashable, Sendable {
  package var observer: ObserverKind
  /// The range chosen, before zero is included and the codes are fitted.
  package var lower: Float
  package var upper: Float
  package var parameters: QuantizationParameters
  package var noise: QuantizationNoise

  /// How many of the values saturate, in percent.
  package var clippedPercent: Double { 100 * noise.clippedShare }
  /// In decibels; infinite without any noise.
  package var predictedSQNR: Double { noise.sqnr(noise.rounding + noise.clipping) }
  /// What the SQNR would be without clipping.
  package var roundingSQNR: Double { noise.sqnr(noise.rounding) }
  /// What the SQNR would be without rounding.
  package var clippingSQNR: Double { noise.sqnr(noise.clipping) }
  /// The part of the noise that is clipping, 0...1.
  package var clippingShareOfNoise: Double {
    let total = noise.rounding + noise.clipping
    return total > 0 ? noise.clipping / total : 0
  }
}

/// Mean squares of a tensor's values and of what quantization does to them.
package struct QuantizationNoise: Hashable, Sendable {
  package var signal: Double
  package var rounding: Double
  package var clipping: Double
  /// The part of all values that saturate, 0...1.
  package var clippedShare: Double

  func sqnr(_ noise: Double) -> Double {
    guard noise > 0 else { return .infinity }
    return 10 * log10(signal / noise)
  }
}
