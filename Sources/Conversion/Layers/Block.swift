import Quantization

/// Layers that belong together although each is quantized by itself: what people know as one module,
/// in models whose names do not say so too.
package struct Block: Hashable, Sendable {
  package enum Kind: String, Sendable {
    /// `softmax(scale · q kᵀ + mask) v`: both products, the softmax, and what lies between.
    case attention = "Attention"
    /// `x · gate(x)`, where the gate is made of the averages of channels.
    case squeezeExcite = "SqueezeExcite"
  }

  package let kind: Kind
  /// Counted from 1 among those of its kind, in model order.
  package let number: Int
  /// Whether the layer adds a mask to scores.
  package var isMask = false
  /// Whether the layer multiplies scores by a number.
  package var isScale = false
  /// Whether the layer is the softmax of scores.
  package var isSoftmax = false

  /// What rules call it besides its kind: `Attention#2`.
  package var name: String { "\(kind.rawValue)#\(number)" }

  /// What `op=` selects it by.
  package var selectors: [String] {
    [kind.rawValue, name] + (isMask ? [Target.attentionMask] : [])
      + (isScale ? [Target.attentionScale] : []) + (isSoftmax ? [Target.attentionSoftmax] : [])
  }

  /// Behind the title of a layer.
  package var title: String {
    switch kind {
    case .attention: "attention \(number)"
    case .squeezeExcite: "SE \(number)"
    }
  }
}
