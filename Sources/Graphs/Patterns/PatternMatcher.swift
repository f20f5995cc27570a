internal import OrderedCollections
internal import Tensors

/// Looks for spelled-out operations from their last nodes backwards, the longest first: a hard-swish
/// contains a hard-sigmoid.
struct PatternMatcher {
  let graph: Graph
  let index: GraphIndex
  private var claimed = Set<Node.ID>()

  init(_ graph: Graph) {
    self.graph = graph
    index = GraphIndex(graph)
  }

  mutating func matches() -> [PatternMatch] {
    // Plain arithmetic comes last, as it is a part of the others.
    var found = claim { matcher, root in
      matcher.layerNormalization(endingAt: root) ?? matcher.gatedProduct(endingAt: root)
    }
    found += claim { matcher, root in matcher.affineChain(endingAt: root) }
    return found.sorted { position(of: $0) < position(of: $1) }
  }

  private mutating func claim(
    _ find: (PatternMatcher, Node) -> PatternMatch?
  ) -> [PatternMatch] {
    var found: [PatternMatch] = []
    for root in graph.nodes.reversed() where !claimed.contains(root.id) {
      guard let match = find(self, root) else { continue }
      claimed.formUnion(match.nodes)
      found.append(match)
    }
    return found
  }

  private func position(of match: PatternMatch) -> Int {
    match.nodes.last.flatMap(index.position) ?? 0
  }

  /// The node that makes `value`, when it is still free and the value is used once, by another
  /// node of the pattern.
  func inner(_ value: String, _ name: String...) -> Node? {
    guard index.soleConsumer(of: value) != nil else { return nil }
    return maker(of: value, name)
  }

  /// The free node of one of the operators `names` that makes `value`.
  func maker(of value: String, _ names: [String]) -> Node? {
    guard let node = index.producer(of: value), !claimed.contains(node.id),
      node.operatorName.domain.isEmpty, names.contains(node.operatorName.name),
      node.outputs.count == 1
    else { return nil }
    return node
  }

  /// A constant number, as a scalar or a vector of one, so that it cannot change a shape.
  func scalar(_ name: String?) -> Float? {
    guard let tensor = name.flatMap(graph.constant), tensor.elementType == .float32,
      tensor.elementCount == 1, tensor.shape.rank <= 1
    else { return nil }
    return tensor.floats[0]
  }

  /// A constant number with as many dimensions as the value beside it has at most.
  func scalar(_ name: String, beside other: String) -> Float? {
    if let number = scalar(name) { return number }
    guard let tensor = graph.constant(name), tensor.elementType == .float32,
      tensor.elementCount == 1, tensor.shape.rank <= graph.leastRank(of: other, index)
    else { return nil }
    return tensor.floats[0]
  }

  /// A match over `nodes`, in graph order, whose last makes the output.
  func match(_ kind: PatternMatch.Kind, _ nodes: [Node], input: String) -> PatternMatch? {
    let ordered = Set(nodes.map(\.id)).sorted {
      index.position(of: $0) ?? 0 < index.position(of: $1) ?? 0
    }
    guard let last = ordered.last.flatMap(index.node), let output = last.outputs.first else {
      return nil
    }
    return PatternMatch(kind: kind, nodes: ordered, input: input, output: output)
  }
}

/// Constants of exporters are rounded to as few as six digits.
func isNear(_ value: Float, _ expected: Float) -> Bool {
  (value - expected).magnitude <= 1e-5 * max(expected.magnitude, 0.5)
}
