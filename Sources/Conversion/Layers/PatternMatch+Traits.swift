import Graphs

extension PatternMatch.Kind {
  /// The name people know the function by.
  var title: String {
    switch self {
    case .hardSwish: "HardSwish"
    case .hardSigmoid: "HardSigmoid"
    case .silu: "SiLU"
    case .mish: "Mish"
    case .gelu: "GELU"
    case .layerNormalization: "LayerNorm"
    case .affine: "Mul+Add"
    }
  }

  /// The operator that computes the same in one node, or the name people use when ONNX has none.
  var operatorType: String {
    switch self {
    case .hardSwish: "HardSwish"
    case .hardSigmoid: "HardSigmoid"
    case .silu: "SiLU"
    case .mish: "Mish"
    case .gelu: "Gelu"
    case .layerNormalization: "LayerNormalization"
    case .affine: "Mul"
    }
  }

  var isAffine: Bool { if case .affine = self { true } else { false } }

  var isNormalization: Bool { if case .layerNormalization = self { true } else { false } }

  /// Whether the result's range is known beforehand.
  var isBounded: Bool { if case .hardSigmoid = self { true } else { false } }
}
