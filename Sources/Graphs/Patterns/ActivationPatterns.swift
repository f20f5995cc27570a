internal import Tensors

extension PatternMatcher {
  /// Activations that end in a product: hard-swish, SiLU, Mish, GELU, and hard-sigmoid with its scale.
  func gatedProduct(endingAt root: Node) -> PatternMatch? {
    if root.is("Clip") { return hardSigmoid(endingAt: root) }
    guard root.is("Mul") || root.is("Div"), let product = product(endingAt: root) else {
      return nil
    }
    switch product.factors.count {
    case 1:
      return hardSigmoid(of: product)
    case 2:
      let (a, b) = (product.factors[0], product.factors[1])
      return gated(product, value: a, gate: b) ?? gated(product, value: b, gate: a)
    default:
      return nil
    }
  }

  private func gated(
    _ product: ScalarProduct, value: String, gate: String
  ) -> PatternMatch? {
    if let hard = hardGate(gate, of: value, scaledBy: product.constant) {
      guard isNear(hard.alpha, 1 / 6), isNear(hard.beta, 0.5) else { return nil }
      return match(.hardSwish, product.nodes + hard.nodes, input: value)
    }
    if let sigmoid = inner(gate, "Sigmoid") {
      guard sigmoid.input(0) == value, product.constant == 1 else { return nil }
      return match(.silu, product.nodes + [sigmoid], input: value)
    }
    if let nodes = mishGate(gate, of: value) {
      guard product.constant == 1 else { return nil }
      return match(.mish, product.nodes + nodes, input: value)
    }
    return gelu(product, value: value, gate: gate)
  }

  private struct HardGate {
    var alpha: Float
    var beta: Float
    var source: String
    var nodes: [Node]
  }

  /// `constant · gate` as `clip(alpha · source + beta, 0, 1)`.
  private func hardGate(
    _ gate: String, of source: String?, scaledBy constant: Float
  ) -> HardGate? {
    if let node = inner(gate, "HardSigmoid"), let input = node.input(0) {
      guard constant == 1, source == nil || source == input else { return nil }
      let (alpha, beta) = (node.float("alpha") ?? 0.2, node.float("beta") ?? 0.5)
      return HardGate(alpha: alpha, beta: beta, source: input, nodes: [node])
    }
    if let gate = reluGate(gate, of: source, scaledBy: constant) { return gate }
    return inner(gate, "Clip").flatMap { hardGate($0, of: source, scaledBy: constant) }
  }

  /// A clip spelled `min(relu(x), highest)`.
  private func reluGate(
    _ gate: String, of source: String?, scaledBy constant: Float
  ) -> HardGate? {
    let limit = affine(endingIn: gate)
    guard limit.offset == 0, let minimum = inner(limit.source, "Min"), minimum.inputs.count == 2
    else { return nil }
    for (value, highest) in [(0, 1), (1, 0)] {
      guard let number = scalar(minimum.inputs[highest]),
        isNear(number * limit.scale * constant, 1),
        let relu = inner(minimum.inputs[value], "Relu"), let input = relu.input(0)
      else { continue }
      let affine = affine(endingIn: input, from: source)
      guard source == nil || affine.source == source else { continue }
      let scale = limit.scale * constant
      return HardGate(
        alpha: affine.scale * scale, beta: affine.offset * scale, source: affine.source,
        nodes: limit.nodes + [minimum, relu] + affine.nodes)
    }
    return nil
  }

  private func hardGate(
    _ clip: Node, of source: String?, scaledBy constant: Float
  ) -> HardGate? {
    guard let input = clip.input(0), scalar(clip.input(1)) == 0,
      let highest = scalar(clip.input(2)), isNear(highest * constant, 1)
    else { return nil }
    let affine = affine(endingIn: input, from: source)
    guard source == nil || affine.source == source else { return nil }
    return HardGate(
      alpha: affine.scale * constant, beta: affine.offset * constant, source: affine.source,
      nodes: [clip] + affine.nodes)
  }

  private func hardSigmoid(of product: ScalarProduct) -> PatternMatch? {
    guard let gate = inner(product.factors[0], "Clip"),
      let hard = hardGate(gate, of: nil, scaledBy: product.constant)
    else { return nil }
    return match(
      .hardSigmoid(alpha: hard.alpha, beta: hard.beta), product.nodes + hard.nodes,
      input: hard.source)
  }

  /// `clip(alpha · x + beta, 0, 1)`; a Clip alone is no pattern.
  private func hardSigmoid(endingAt clip: Node) -> PatternMatch? {
    guard clip.outputs.count == 1, let hard = hardGate(clip, of: nil, scaledBy: 1),
      hard.nodes.count > 1
    else { return nil }
    return match(
      .hardSigmoid(alpha: hard.alpha, beta: hard.beta), hard.nodes, input: hard.source)
  }

  /// `0.5 · x · (1 + erf(x / √2))`, or with `tanh(√(2/π) · (x + 0.044715 · x³))`.
  private func gelu(
    _ product: ScalarProduct, value: String, gate: String
  ) -> PatternMatch? {
    let outer = affine(endingIn: gate)
    guard !outer.nodes.isEmpty, isNear(outer.scale * product.constant, 0.5),
      isNear(outer.offset * product.constant, 0.5)
    else { return nil }
    if let erf = inner(outer.source, "Erf"), let input = erf.input(0) {
      let argument = affine(endingIn: input, from: value)
      guard argument.source == value, argument.offset == 0,
        isNear(argument.scale, Float(0.5).squareRoot())
      else { return nil }
      let nodes = product.nodes + outer.nodes + [erf] + argument.nodes
      return match(.gelu(tanhApproximation: false), nodes, input: value)
    }
    let scale = (2 / Float.pi).squareRoot()
    guard let tanh = inner(outer.source, "Tanh"), let input = tanh.input(0),
      let cubic = polynomial(endingIn: input, of: value), cubic.coefficients.count == 4,
      cubic.coefficients[0] == 0, cubic.coefficients[2] == 0,
      isNear(cubic.coefficients[1], scale),
      isNear(cubic.coefficients[3] / cubic.coefficients[1] * 10, 0.44715)
    else { return nil }
    return match(
      .gelu(tanhApproximation: true), product.nodes + outer.nodes + [tanh] + cubic.nodes,
      input: value)
  }

  /// `tanh(ln(1 + exp(x)))`, the gate of Mish.
  private func mishGate(_ gate: String, of value: String) -> [Node]? {
    guard let tanh = inner(gate, "Tanh"), let input = tanh.input(0),
      let softplus = inner(input, "Softplus"), softplus.input(0) == value
    else { return nil }
    return [tanh, softplus]
  }
}
