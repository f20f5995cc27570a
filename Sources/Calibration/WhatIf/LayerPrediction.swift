package import Conversion
package import Quantization

/// What a recipe does to the weights of a layer.
package struct WeightPrediction: Sendable {
  package let scheme: TensorScheme
  package let parameters: TensorParameters
  /// Signal to quantization noise, decibels.
  package let decibels: Double
  package let clippedPercent: Double
  package let warnings: [WeightWarning]

  /// Least and largest scale.
  package var scales: ClosedRange<Float> {
    let scales = parameters.channels.map(\.scale)
    return (scales.min() ?? 0)...(scales.max() ?? 0)
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
