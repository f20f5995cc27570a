/// What is done with a layer.
package enum LayerPrecision: String, Codable, Sendable, CaseIterable {
  /// Activations and weights in int8, ranges from calibration.
  case staticInt8
  case float32
}

/// How one layer is quantized (PyTorch's QConfig).
package struct QConfig: Hashable, Codable, Sendable {
  package var precision: LayerPrecision
  package var activation: TensorScheme
  package var weight: TensorScheme

  package init(
    precision: LayerPrecision = .staticInt8, activation: TensorScheme, weight: TensorScheme
  ) {
    self.precision = precision
    self.activation = activation
    self.weight = weight
  }
}
