/// What is done with a layer.
package enum LayerPrecision: String, Codable, Sendable, CaseIterable {
  /// Activations and weights in int8, ranges from calibration.
  case staticInt8
  /// Weights in int8 beforehand, activations when the model runs, each with the range it then has:
  /// no calibration.
  case dynamicInt8
  /// Weights in int8 or int4, arithmetic in float.
  case weightOnly
  case float32

  /// As rules and tables write it.
  package var word: String {
    switch self {
    case .staticInt8: "int8"
    case .dynamicInt8: "dynamic"
    case .weightOnly: "weightOnly"
    case .float32: "float32"
    }
  }
}

/// How one layer is quantized (PyTorch's QConfig).
package struct QConfig: Hashable, Codable, Sendable {
  package var precision: LayerPrecision
  /// Whether operators that can run in one step with it do, such as the Relu of a Conv: their
  /// result is then rounded once (PyTorch's fuse_modules).
  package var fuse: Bool
  package var activation: TensorScheme
  package var weight: TensorScheme

  package init(
    precision: LayerPrecision = .staticInt8, fuse: Bool = true, activation: TensorScheme,
    weight: TensorScheme
  ) {
    self.precision = precision
    self.fuse = fuse
    self.activation = activation
    self.weight = weight
  }
}
