internal import Tensors

extension PatternMatcher {
  /// Activations that end in a product: hard-swish, SiLU, GELU, and hard-sigmoid with its scale.
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
    return inner(gate, "Clip").flatMap { hardGate($0, of: source, scaledBy: constant) }
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
    guard isNear(product.constant, 0.5), let add = inner(gate, "Add") else { return nil }
    let outer = affine(endingIn: gate)
    guard outer.nodes.map(\.id) == [add.id], outer.offset == 1 else { return nil }
    if let erf = inner(outer.source, "Erf"), let input = erf.input(0) {
      let argument = affine(endingIn: input, from: value)
      guard argument.source == value, argument.offset == 0,
        isNear(argument.scale, Float(0.5).squareRoot())
      else { return nil }
      let nodes = product.nodes + [add, erf] + argument.nodes
      return match(.gelu(tanhApproximation: false), nodes, input: value)
    }
    guard let tanh = inner(outer.source, "Tanh"), let input = tanh.input(0),
      let cubic = cubic(input, of: value)
    else { return nil }
    return match(
      .gelu(tanhApproximation: true), product.nodes + [add, tanh] + cubic, input: value)
  }

  /// The nodes of `√(2/π) · (x + 0.044715 · x³)`.
  private func cubic(_ value: String, of source: String) -> [Node]? {
    let outer = affine(endingIn: value)
    guard outer.offset == 0, isNear(outer.scale, (2 / Float.pi).squareRoot()),
      let sum = inner(outer.source, "Add"), sum.inputs.contains(source),
      let term = sum.inputs.first(where: { $0 != source })
    else { return nil }
    if let root = inner(term, "Mul"), let product = product(endingAt: root) {
      guard isNear(product.constant * 10, 0.44715) else { return nil }
      if product.factors == [source, source, source] {
        return outer.nodes + [sum] + product.nodes
      }
      guard product.factors.count == 1, let power = inner(product.factors[0], "Pow"),
        power.input(0) == source, scalar(power.input(1)) == 3
      else { return nil }
      return outer.nodes + [sum] + product.nodes + [power]
    }
    return nil
  }
}
