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
    guard let core = normalization(endingAt: last) else { return nil }
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

  private func normalization(endingAt quotient: Node) -> Normalization? {
    guard quotient.is("Div"), let centred = quotient.input(0), let deviation = quotient.input(1),
      let root = inner(deviation, "Sqrt"), let inside = root.input(0),
      let sum = inner(inside, "Add"),
      let (variance, epsilon) = numberOperand(of: sum),
      let average = inner(variance, "ReduceMean"), let squares = average.input(0),
      let square = inner(squares, "Pow", "Mul"),
      let difference = maker(of: centred, ["Sub"]), let source = difference.input(0),
      let mean = difference.input(1).flatMap({ inner($0, "ReduceMean") }),
      mean.input(0) == source, let axes = axes(of: mean), axes == self.axes(of: average)
    else { return nil }
    // Some exporters spell the difference twice.
    var nodes = [mean, difference, square, average, sum, root, quotient]
    var uses = 1
    guard let squared = square.input(0) else { return nil }
    if square.is("Pow") {
      guard scalar(square.input(1)) == 2 else { return nil }
      uses += squared == centred ? 1 : 0
    } else {
      guard square.input(1) == squared else { return nil }
      uses += squared == centred ? 2 : 0
    }
    if squared != centred {
      guard let twin = maker(of: squared, ["Sub"]), twin.inputs == difference.inputs,
        index.useCount(of: squared) == (square.is("Pow") ? 1 : 2)
      else { return nil }
      nodes.append(twin)
    }
    guard index.useCount(of: centred) == uses else { return nil }
    return Normalization(source: source, axes: axes, epsilon: epsilon, nodes: nodes)
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
