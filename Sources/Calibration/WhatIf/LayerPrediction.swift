package import Conversion
package import Quantization

/// What a recipe does to the weights of a layer.
package struct WeightPrediction: Sendable {
  package let scheme: TensorScheme
  /// Least and largest scale.
  package let scales: ClosedRange<Float>
  /// Signal to quantization noise, decibels.
  package let decibels: Double
  package let warnings: [WeightWarning]

  init(_ quantized: QuantizedWeights, scheme: TensorScheme, warnings: [WeightWarning]) {
    self.scheme = scheme
    scales = quantized.parameters.channels.scales
    decibels = quantized.sqnr
    self.warnings = warnings
  }

  init(_ grouped: GroupedWeights, scheme: TensorScheme) {
    self.scheme = scheme
    scales = grouped.maps.scales
    decibels = grouped.sqnr
    warnings = []
  }
}

/// What a recipe is expected to do to a layer, told from statistics.
package struct LayerPrediction: Sendable {
  package let layer: Layer.ID
  /// Of the output's range; `nil` when the output stays in float.
  package let activation: RangeChoice?
  /// `nil` without weights or in float.
  package let weight: WeightPrediction?
}

extension [QuantizationParameters] {
  fileprivate var scales: ClosedRange<Float> {
    let scales = map(\.scale)
    return (scales.min() ?? 0)...(scales.max() ?? 0)
  }
}
