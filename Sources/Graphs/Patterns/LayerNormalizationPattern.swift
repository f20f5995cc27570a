internal import OrderedCollections
internal import Tensors

extension PatternMatcher {
  /// The usual chain: ReduceMean, Sub, Pow or Mul, ReduceMean, Add, Sqrt, Div, and perhaps Mul and
  /// Add with constants.
  func layerNormalization(endingAt root: Node) -> PatternMatch? {
    var tail: [Node] = []
    var bias: String?
    var scale: String?
    var last = root
    if let (name, next) = constantOperand(of: last, "Add") {
      bias = name
      tail.append(last)
      last = next
    }
    if let (name, next) = constantOperand(of: last, "Mul") {
      scale = name
      tail.append(last)
      last = next
    }
    guard let core = normalization(endingAt: last) else {
      return multipliedOut(endingAt: root)
    }
    return match(
      .layerNormalization(axes: core.axes, epsilon: core.epsilon, scale: scale, bias: bias),
      tail + core.nodes, input: core.source)
  }

  /// The constant that `node` combines with the result of an inner Div or Mul.
  private func constantOperand(of node: Node, _ name: String) -> (name: String, Node)? {
    guard node.is(name), node.inputs.count == 2 else { return nil }
    for (constant, value) in [(0, 1), (1, 0)] {
      let (constant, value) = (node.inputs[constant], node.inputs[value])
      if graph.constant(constant)?.elementType == .float32, let next = inner(value, "Div", "Mul") {
        return (constant, next)
      }
    }
    return nil
  }

  private struct Normalization {
    var source: String
    var axes: [Int64]
    var epsilon: Float
    var nodes: [Node]
  }

  private func normalization(endingAt last: Node) -> Normalization? {
    guard let quotient = deviationQuotient(last),
      let variance = variance(under: quotient.deviation),
      let difference = maker(of: quotient.numerator, ["Sub"]), let source = difference.input(0),
      let average = inner(variance.value, "ReduceMean"), let squares = average.input(0),
      let square = inner(squares, "Pow", "Mul"), let squared = square.input(0),
      let mean = difference.input(1).flatMap({ maker(of: $0, ["ReduceMean"]) }),
      mean.input(0) == source, let axes = axes(of: mean), axes == self.axes(of: average),
      isSquare(square)
    else { return nil }
    var nodes = [mean, difference, square, average, last] + quotient.nodes + variance.nodes
    let squareUses = square.is("Pow") ? 1 : 2
    // Some exporters spell the difference twice.
    var meanUses = 1
    if squared != quotient.numerator {
      guard let twin = maker(of: squared, ["Sub"]), twin.inputs == difference.inputs,
        index.useCount(of: squared) == squareUses
      else { return nil }
      nodes.append(twin)
      meanUses = 2
    }
    let uses = 1 + (squared == quotient.numerator ? squareUses : 0)
    guard index.useCount(of: quotient.numerator) == uses,
      index.useCount(of: mean.outputs[0]) == meanUses
    else { return nil }
    return Normalization(source: source, axes: axes, epsilon: variance.epsilon, nodes: nodes)
  }

  private func isSquare(_ node: Node) -> Bool {
    node.is("Pow") ? number(node.input(1)) == 2 : node.input(0) == node.input(1)
  }

  /// What is divided by a standard deviation, in one of the ways to write that: `a / d`,
  /// `a · (1 / d)`, or `a · v^-0.5`.
  private func deviationQuotient(
    _ node: Node
  ) -> (numerator: String, deviation: Node, nodes: [Node])? {
    guard node.inputs.count == 2 else { return nil }
    if node.is("Div") {
      guard let root = root(node.inputs[1]) else { return nil }
      return (node.inputs[0], root, [root])
    }
    guard node.is("Mul") else { return nil }
    for (numerator, factor) in [(0, 1), (1, 0)] {
      if let inverse = inverseRoot(node.inputs[factor]) {
        return (node.inputs[numerator], inverse.root, inverse.nodes)
      }
    }
    return nil
  }

  private func root(_ value: String) -> Node? {
    guard let node = inner(value, "Sqrt", "Pow") else { return nil }
    return node.is("Sqrt") || number(node.input(1)) == 0.5 ? node : nil
  }

  /// The node under the root, and all nodes, of `1 / √v`.
  private func inverseRoot(_ value: String) -> (root: Node, nodes: [Node])? {
    guard let inverse = inner(value, "Reciprocal", "Div", "Pow") else { return nil }
    if inverse.is("Pow") { return number(inverse.input(1)) == -0.5 ? (inverse, [inverse]) : nil }
    let divisor = inverse.is("Div") ? inverse.input(1) : inverse.input(0)
    guard !inverse.is("Div") || scalar(inverse.input(0)) == 1,
      let root = divisor.flatMap({ root($0) })
    else { return nil }
    return (root, [inverse, root])
  }

  /// The variance that `root` takes the root of, and the number that is added to it before.
  private func variance(
    under root: Node
  ) -> (value: String, epsilon: Float, nodes: [Node])? {
    guard let inside = root.input(0), let sum = inner(inside, "Add"),
      let (value, epsilon) = numberOperand(of: sum)
    else { return nil }
    return (value, epsilon, [sum])
  }

  /// `x · k + (bias − mean · k)` with `k = scale / √(variance + epsilon)`, as TensorFlow has it.
  private func multipliedOut(endingAt root: Node) -> PatternMatch? {
    guard root.is("Add"), root.inputs.count == 2 else { return nil }
    for (value, shift) in [(0, 1), (1, 0)] {
      guard let product = inner(root.inputs[value], "Mul"),
        let offset = inner(root.inputs[shift], "Sub"), let bias = offset.input(0),
        graph.constant(bias)?.elementType == .float32,
        let shifted = offset.input(1).flatMap({ inner($0, "Mul") }),
        let factor = product.inputs.first(where: shifted.inputs.contains),
        let source = product.inputs.first(where: { $0 != factor }),
        let average = shifted.inputs.first(where: { $0 != factor }),
        let scaling = maker(of: factor, ["Mul"]), index.useCount(of: factor) == 2,
        let mean = maker(of: average, ["ReduceMean"]), mean.input(0) == source,
        index.useCount(of: average) == 2, let axes = axes(of: mean)
      else { continue }
      for (scale, inverted) in [(0, 1), (1, 0)] {
        let (scale, inverted) = (scaling.inputs[scale], scaling.inputs[inverted])
        guard graph.constant(scale)?.elementType == .float32,
          let inverse = inverseRoot(inverted), let variance = variance(under: inverse.root),
          let spread = inner(variance.value, "ReduceMean"), self.axes(of: spread) == axes,
          let square = spread.input(0).flatMap({ inner($0, "Pow", "Mul") }), isSquare(square),
          let centred = square.input(0), let difference = maker(of: centred, ["Sub"]),
          difference.inputs == [source, average],
          index.useCount(of: centred) == (square.is("Pow") ? 1 : 2)
        else { continue }
        return match(
          .layerNormalization(axes: axes, epsilon: variance.epsilon, scale: scale, bias: bias),
          [root, product, offset, shifted, scaling, mean, spread, square, difference]
            + inverse.nodes + variance.nodes, input: source)
      }
    }
    return nil
  }

  private func numberOperand(of sum: Node) -> (value: String, number: Float)? {
    guard sum.inputs.count == 2 else { return nil }
    if let number = scalar(sum.inputs[1]) { return (sum.inputs[0], number) }
    if let number = scalar(sum.inputs[0]) { return (sum.inputs[1], number) }
    return nil
  }

  /// From the attribute, or from opset 18 on from the input.
  private func axes(of mean: Node) -> [Int64]? {
    guard mean.int("keepdims") ?? 1 == 1 else { return nil }
    if let axes = mean.ints("axes") { return axes }
    return mean.input(1).flatMap(graph.constant)?.integers
  }
}
