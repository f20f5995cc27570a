/// Why a model could not be taken apart into layers or converted, for the person who chose it.
package enum ConversionError: Error, Equatable, CustomStringConvertible {
  /// The graph could not be brought to a form that can be quantized.
  case preparation(String)
  /// A tensor is to be quantized and nothing is known about its values.
  case unobserved(edge: String, layer: String?)
  /// Activations of fewer than 8 bits: QuantizeLinear would not clamp to so few codes.
  case activationType(edge: String, type: String)
  /// A recipe asks for weights that cannot be stored.
  case weights(layer: String, reason: String)
  /// A recipe that cannot be resolved.
  case recipe(String)

  package var description: String {
    switch self {
    case .preparation(let reason):
      "The model cannot be prepared for quantization: \(reason)"
    case .unobserved(let edge, let layer):
      "Tensor '\(edge)'\(layer.map { " of layer '\($0)'" } ?? "") was never observed, so it has no "
        + "range. Calibrate again with data that reaches it, set its range by hand, or keep the layer "
        + "in float32."
    case .activationType(let edge, let type):
      "Tensor '\(edge)' cannot be quantized to \(type): only weights can have 4 bits. Use qint8 or "
        + "quint8 for activations."
    case .weights(let layer, let reason):
      "The weights of layer '\(layer)' cannot be quantized: \(reason)"
    case .recipe(let reason):
      "The recipe cannot be resolved: \(reason)"
    }
  }
}
