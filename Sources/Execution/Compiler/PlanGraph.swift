internal import Graphs

/// The nodes of a model as the compiler goes through them: a spelled-out pattern counts as one.
struct PlanGraph {
  /// One node, or the nodes of one pattern.
  struct Unit {
    enum Kind {
      case node(Node)
      case pattern(PatternMatch.Kind)
    }

    let kind: Kind
    let nodes: [Node.ID]
    /// Of the node that makes the output.
    let name: String
    let inputs: [String]
    let outputs: [String]
    /// Values that its subgraphs use, in order of their names.
    var captured: [String] = []

    /// The name that messages use.
    var label: String { name.isEmpty ? outputs.first ?? "" : name }

    /// Everything it needs, subgraphs included.
    var reads: [String] { inputs + captured }

    /// The ONNX operator, or the name of the pattern.
    var operatorName: String {
      switch kind {
      case .node(let node): node.operatorName.description
      case .pattern(.hardSwish): "HardSwish"
      case .pattern(.hardSigmoid): "HardSigmoid"
      case .pattern(.silu): "SiLU"
      case .pattern(.mish): "Mish"
      case .pattern(.gelu): "Gelu"
      case .pattern(.layerNormalization): "LayerNormalization"
      case .pattern(.affine): "Affine"
      }
    }

    var node: Node? {
      if case .node(let node) = kind { node } else { nil }
    }

    /// Whether this is the single `ai.onnx` node of that name.
    func `is`(_ name: String) -> Bool { node?.is(name) ?? false }
  }

  let units: [Unit]
  private let producers: [String: Int]
  private let readers: [String: [Int]]
  /// Values that something besides units reads: graph outputs, subgraphs, observers.
  private let pinned: Set<String>

  /// - Parameters:
  ///   - kept: values that no pattern may hide and nothing may fuse away.
  ///   - findsPatterns: whether spelled-out chains count as one unit.
  init(_ graph: Graph, kept: Set<String>, findsPatterns: Bool) {
    units = Self.units(of: graph, kept: kept, findsPatterns: findsPatterns)
    var pinned = kept
    for output in graph.outputs { pinned.insert(output.name) }
    var producers: [String: Int] = [:]
    var readers: [String: [Int]] = [:]
    for (index, unit) in units.enumerated() {
      for output in unit.outputs where !output.isEmpty { producers[output] = index }
      for input in unit.inputs where !input.isEmpty { readers[input, default: []].append(index) }
      pinned.formUnion(unit.captured)
    }
    self.producers = producers
    self.readers = readers
    self.pinned = pinned
  }

  private static func units(of graph: Graph, kept: Set<String>, findsPatterns: Bool) -> [Unit] {
    var byLastNode: [Node.ID: PatternMatch] = [:]
    var hidden = Set<Node.ID>()
    if findsPatterns {
      let outputs = Dictionary(
        graph.nodes.map { ($0.id, $0.outputs) }, uniquingKeysWith: { a, _ in a })
      for match in graph.patternMatches() {
        let inner = match.nodes.flatMap { outputs[$0, default: []] }.filter { $0 != match.output }
        guard let last = match.nodes.last, kept.isDisjoint(with: inner) else { continue }
        byLastNode[last] = match
        hidden.formUnion(match.nodes)
      }
    }
    return graph.nodes.compactMap { node in
      if let match = byLastNode[node.id] {
        return Unit(
          kind: .pattern(match.kind), nodes: match.nodes, name: node.name,
          inputs: [match.input] + match.kind.constantInputs, outputs: [match.output])
      }
      guard !hidden.contains(node.id) else { return nil }
      return Unit(
        kind: .node(node), nodes: [node.id], name: node.name, inputs: node.inputs,
        outputs: node.outputs, captured: node.capturedNames.sorted())
    }
  }

  func producer(of value: String) -> Int? { producers[value] }

  /// The only reader of `value`, when nobody would miss the value itself.
  func soleReader(of value: String) -> Int? {
    guard !pinned.contains(value), let readers = readers[value], readers.count == 1 else {
      return nil
    }
    return readers[0]
  }

  /// Every reader, once per input that reads it.
  func readers(of value: String) -> [Int] { readers[value, default: []] }

  func isPinned(_ value: String) -> Bool { pinned.contains(value) }
}

extension PatternMatch.Kind {
  /// Values besides the input that the pattern reads.
  fileprivate var constantInputs: [String] {
    if case .layerNormalization(_, _, let scale, let bias) = self {
      [scale, bias].map { $0 ?? "" }
    } else {
      []
    }
  }
}
