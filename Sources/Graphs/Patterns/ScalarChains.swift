internal import Tensors

/// `scale · source + offset`, spelled with scalar constants.
struct ScalarAffine {
  var source: String
  var scale: Float = 1
  var offset: Float = 0
  /// From the last back to the first.
  var nodes: [Node] = []
}

/// A product of values and one constant.
struct ScalarProduct {
  var factors: [String] = []
  var constant: Float = 1
  var nodes: [Node] = []
}

extension PatternMatcher {
  /// What `node` does to its only input that is no constant number.
  private func step(_ node: Node) -> (source: String, scale: Float, offset: Float)? {
    guard node.operatorName.domain.isEmpty, node.inputs.count == 2, node.outputs.count == 1,
      let left = node.input(0), let right = node.input(1)
    else { return nil }
    let (leftNumber, rightNumber) = (scalar(left, beside: right), scalar(right, beside: left))
    switch (node.operatorName.name, leftNumber, rightNumber) {
    case ("Add", nil, let number?): return (left, 1, number)
    case ("Add", let number?, nil): return (right, 1, number)
    case ("Sub", nil, let number?): return (left, 1, -number)
    case ("Sub", let number?, nil): return (right, -1, number)
    case ("Mul", nil, let number?): return (left, number, 0)
    case ("Mul", let number?, nil): return (right, number, 0)
    case ("Div", nil, let number?) where number != 0: return (left, 1 / number, 0)
    default: return nil
    }
  }

  /// Follows `value` back through arithmetic with constants, as far as values are used only there
  /// and not beyond `source`.
  func affine(endingIn value: String, from source: String? = nil) -> ScalarAffine {
    var result = ScalarAffine(source: value)
    while result.source != source,
      let node = inner(result.source, "Add", "Sub", "Mul", "Div"), let step = step(node)
    {
      result.prepend(node, step)
    }
    return result
  }

  /// Two or more operators with constants that end at `root`.
  func affineChain(endingAt root: Node) -> PatternMatch? {
    guard let last = step(root) else { return nil }
    var chain = affine(endingIn: last.source)
    let first = chain
    chain = ScalarAffine(source: root.outputs[0])
    chain.prepend(root, last)
    chain.prepend(first)
    guard chain.nodes.count > 1 else { return nil }
    return match(
      .affine(scale: chain.scale, offset: chain.offset), chain.nodes, input: chain.source)
  }

  /// The factors that `root` multiplies, through inner products and quotients by constants.
  func product(endingAt root: Node) -> ScalarProduct? {
    var product = ScalarProduct()
    var pending = [root]
    while let node = pending.popLast() {
      guard node.inputs.count == 2, node.outputs.count == 1, product.nodes.count < 4 else {
        return nil
      }
      product.nodes.append(node)
      for (slot, input) in node.inputs.enumerated() {
        let isDivisor = node.is("Div") && slot == 1
        if let number = scalar(input), !isDivisor || number != 0 {
          product.constant *= isDivisor ? 1 / number : number
        } else if isDivisor {
          return nil
        } else if let inner = inner(input, "Mul") {
          pending.append(inner)
        } else if let inner = inner(input, "Div"), scalar(inner.input(1)) != nil {
          pending.append(inner)
        } else {
          product.factors.append(input)
        }
      }
    }
    return product
  }
}

extension ScalarAffine {
  /// Puts `node`, which comes before, in front: `s·(a·x + b) + o = s·a·x + (s·b + o)`.
  fileprivate mutating func prepend(
    _ node: Node, _ step: (source: String, scale: Float, offset: Float)
  ) {
    offset += scale * step.offset
    scale *= step.scale
    source = step.source
    nodes.append(node)
  }

  fileprivate mutating func prepend(_ chain: ScalarAffine) {
    offset += scale * chain.offset
    scale *= chain.scale
    source = chain.source
    nodes += chain.nodes
  }
}
