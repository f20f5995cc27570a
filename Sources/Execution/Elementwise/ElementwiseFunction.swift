internal import Graphs
internal import Kernels
internal import Tensors

extension OperatorSite {
  /// The unit seen as one function of one float32 number, applied to every element of `input`;
  /// `nil` when it is anything else. Attributes and constant operands become part of the function.
  func elementwiseFunction(
    of unit: PlanGraph.Unit, input: String, rank: Int
  ) throws(ExecutionError) -> FloatActivation? {
    switch unit.kind {
    case .pattern(let kind): return FloatActivation(kind)
    case .node(let node):
      guard node.operatorName.domain.isEmpty else { return nil }
      if let function = FloatActivation(unaryNode: node) { return function }
      switch node.operatorName.name {
      case "Clip": return try clamp(node)
      case "Add", "Sub", "Mul", "Div", "Min", "Max", "Pow":
        return try scalarArithmetic(node, input: input, rank: rank)
      default: return nil
      }
    }
  }

  /// Clip with limits known now; as ONNX Runtime, a low limit above the high one gives the high one.
  private func clamp(_ node: Node) throws(ExecutionError) -> FloatActivation? {
    var limits: [Float] = [-.infinity, .infinity]
    for index in 0..<2 where node.input(index + 1) != nil {
      guard let value = try scalar(node.inputs[index + 1]) else { return nil }
      limits[index] = value
    }
    return .clamp(low: min(limits[0], limits[1]), high: limits[1])
  }

  private func scalarArithmetic(
    _ node: Node, input: String, rank: Int
  ) throws(ExecutionError) -> FloatActivation? {
    guard node.inputs.count == 2, let side = node.inputs.firstIndex(of: input),
      node.inputs[1 - side] != input,
      let value = try scalar(node.inputs[1 - side], maximumRank: rank)
    else { return nil }
    switch (node.operatorName.name, side) {
    case ("Add", _): return .affine(scale: 1, offset: value)
    case ("Sub", 0): return .affine(scale: 1, offset: -value)
    case ("Sub", _): return .affine(scale: -1, offset: value)
    case ("Mul", _): return .affine(scale: value, offset: 0)
    case ("Div", 0) where value.isPowerOfTwo: return .affine(scale: 1 / value, offset: 0)
    case ("Div", 1) where value == 1: return .reciprocal
    case ("Min", _): return .clamp(low: -.infinity, high: value)
    case ("Max", _): return .clamp(low: value, high: .infinity)
    case ("Pow", 0) where value == 2: return .square
    default: return nil
    }
  }

  /// The single number that a constant float32 value holds.
  private func scalar(
    _ name: String, maximumRank: Int = 8
  ) throws(ExecutionError) -> Float? {
    guard let value = try compiler.existingValue(named: name), value.elementType == .float32,
      value.shape.elementCount == 1, value.shape.rank <= maximumRank
    else { return nil }
    return compiler.constant(of: value)?.floats[0]
  }
}

extension Float {
  /// Whether dividing by it and multiplying with its reciprocal are the same.
  fileprivate var isPowerOfTwo: Bool { isNormal && significand == 1 && (1 / self).isNormal }
}

extension FloatActivation {
  /// The function that a spelled-out pattern computes; `nil` for those that are not elementwise.
  fileprivate init?(_ kind: PatternMatch.Kind) {
    switch kind {
    case .hardSwish: self = .hardSwish
    case .hardSigmoid(let alpha, let beta): self = .hardSigmoid(alpha: alpha, beta: beta)
    case .silu: self = .silu
    case .mish: self = .mish
    case .gelu(let tanhApproximation): self = tanhApproximation ? .geluTanh : .gelu
    case .affine(let scale, let offset): self = .affine(scale: scale, offset: offset)
    case .layerNormalization: return nil
    }
  }

  /// The operators of one operand whose function depends on nothing but attributes.
  fileprivate init?(unaryNode node: Node) {
    switch node.operatorName.name {
    case "Relu": self = .relu
    case "HardSwish": self = .hardSwish
    case "HardSigmoid":
      self = .hardSigmoid(alpha: node.float("alpha") ?? 0.2, beta: node.float("beta") ?? 0.5)
    case "Sigmoid": self = .sigmoid
    case "Tanh": self = .tanh
    case "LeakyRelu": self = .leakyRelu(slope: node.float("alpha") ?? 0.01)
    case "Elu": self = .elu(alpha: node.float("alpha") ?? 1)
    case "Softplus": self = .softplus
    case "Mish": self = .mish
    case "Erf": self = .erf
    case "Gelu": self = node.string("approximate") == "tanh" ? .geluTanh : .gelu
    case "Exp": self = .exp
    case "Log": self = .log
    case "Sqrt": self = .sqrt
    case "Neg": self = .negate
    case "Abs": self = .absolute
    case "Reciprocal": self = .reciprocal
    case "Floor": self = .floor
    case "Ceil": self = .ceil
    case "Round": self = .round
    case "Sign": self = .sign
    case "Softsign": self = .softsign
    case "Swish" where node.float("alpha") ?? 1 == 1: self = .silu
    case "ThresholdedRelu": self = .thresholded(above: node.float("alpha") ?? 1)
    default: return nil
    }
  }

  /// One function that does `self` and then `next`, up to rounding; `nil` when there is none.
  func followed(by next: FloatActivation) -> FloatActivation? {
    switch (self, next) {
    case (.none, _): next
    case (.affine(let scale, let offset), .affine(let nextScale, let nextOffset)):
      .affine(scale: scale * nextScale, offset: offset * nextScale + nextOffset)
    case (.hardSwish, .affine(let scale, let offset)):
      .hardSwishAffine(scale: scale, offset: offset)
    case (.clamp(let low, let high), .clamp(let nextLow, let nextHigh)):
      .clamp(
        low: min(max(low, nextLow), nextHigh), high: min(max(high, nextLow), nextHigh))
    default: nil
    }
  }
}
