/// Nodes that together spell out one operation, which a person sees as one layer and a plan runs as
/// one step. The nodes stay in the graph, so that an export is what was read.
package struct PatternMatch: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// `x · clip(x + 3, 0, 6) / 6`
    case hardSwish
    /// `clip(alpha · x + beta, 0, 1)`
    case hardSigmoid(alpha: Float, beta: Float)
    /// `x · sigmoid(x)`
    case silu
    /// `x · tanh(softplus(x))`
    case mish
    /// `x · Φ(x)`, with the error function or its approximation by tanh.
    case gelu(tanhApproximation: Bool)
    /// `(x − mean) / √(variance + epsilon) · scale + bias` over `axes`. `scale` and `bias` name
    /// initializers.
    case layerNormalization(axes: [Int64], epsilon: Float, scale: String?, bias: String?)
    /// `scale · x + offset`, from two or more operators with scalar constants.
    case affine(scale: Float, offset: Float)
  }

  package var kind: Kind
  /// In graph order; the last one makes `output`.
  package var nodes: [Node.ID]
  /// The only value that comes in, constants apart.
  package var input: String
  package var output: String
}

extension Graph {
  /// The spelled-out operations of this graph. No node is in two of them, and no value inside one
  /// is used outside. In graph order of their last nodes.
  package func patternMatches() -> [PatternMatch] {
    var matcher = PatternMatcher(self)
    return matcher.matches()
  }
}
