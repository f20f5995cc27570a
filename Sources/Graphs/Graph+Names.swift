internal import OrderedCollections

extension Node {
  /// The bodies of If, Loop, Scan and the like, by attribute name.
  package var subgraphs: [Graph] {
    attributes.isEmpty ? [] : attributes.sorted { $0.key < $1.key }.flatMap { $0.value.subgraphs }
  }

  /// Values of the surrounding graph that the subgraphs use.
  package var capturedNames: Set<String> {
    subgraphs.reduce(into: []) { $0.formUnion($1.freeNames) }
  }
}

extension Attribute {
  package var subgraphs: [Graph] {
    switch self {
    case .graph(let graph): [graph]
    case .graphs(let graphs): graphs
    default: []
    }
  }

  /// The same attribute with every subgraph changed by `change`.
  package func mappingSubgraphs<Failure: Error>(
    _ change: (inout Graph) throws(Failure) -> Void
  ) throws(Failure) -> Attribute {
    switch self {
    case .graph(var graph):
      try change(&graph)
      return .graph(graph)
    case .graphs(var graphs):
      for index in graphs.indices { try change(&graphs[index]) }
      return .graphs(graphs)
    default:
      return self
    }
  }
}

extension Graph {
  /// This graph and every graph inside its nodes, each before those inside it.
  package var everyGraph: [Graph] {
    [self] + nodes.flatMap { $0.attributes.isEmpty ? [] : $0.subgraphs.flatMap(\.everyGraph) }
  }

  /// What a caller must supply: the inputs without those that an initializer gives a default.
  package var requiredInputs: [ValueDeclaration] {
    inputs.filter { initializers[$0.name] == nil }
  }

  /// Every value this graph itself defines; not those of subgraphs.
  package var definedNames: Set<String> {
    var names = Set(inputs.map(\.name))
    names.formUnion(initializers.keys)
    names.formUnion(sparseInitializerNames)
    for node in nodes { names.formUnion(node.outputs) }
    names.remove("")
    return names
  }

  /// Values this graph and its subgraphs use but do not define, so that a surrounding graph must.
  package var freeNames: Set<String> {
    var free = Set<String>()
    for node in nodes {
      free.formUnion(node.inputs)
      if !node.attributes.isEmpty { free.formUnion(node.capturedNames) }
    }
    free.formUnion(outputs.map(\.name))
    free.remove("")
    return free.subtracting(definedNames)
  }

  /// What the graph declares about `value`, whether it is an input, an output or an inner value.
  package func declaration(of value: String) -> ValueDeclaration? {
    declarations[value] ?? inputs.first { $0.name == value }
      ?? outputs.first { $0.name == value }
  }

  /// Lets every node, and every subgraph that captures it, use `new` where it used `old`. Graph
  /// outputs keep their names.
  package mutating func renameUses(of old: String, to new: String) {
    for index in nodes.indices {
      let node = nodes[index]
      let captures = !node.attributes.isEmpty && node.capturedNames.contains(old)
      guard captures || node.inputs.contains(old) else { continue }
      updateNode(at: index) { node in
        node.renameInputs(of: old, to: new)
        if captures { node.renameCaptures(of: old, to: new) }
      }
    }
  }
}

extension Node {
  mutating func renameInputs(of old: String, to new: String) {
    for index in inputs.indices where inputs[index] == old { inputs[index] = new }
  }

  mutating func renameCaptures(of old: String, to new: String) {
    attributes = attributes.mapValues { attribute in
      attribute.mappingSubgraphs { graph in
        guard graph.freeNames.contains(old) else { return }
        graph.renameUses(of: old, to: new)
        // A captured value can be the subgraph's result, which is then found by its new name.
        for index in graph.outputs.indices where graph.outputs[index].name == old {
          graph.outputs[index].name = new
        }
      }
    }
  }
}

/// Hands out names that nothing in a graph or its subgraphs has.
package struct NameAllocator: Sendable {
  private var taken: Set<String>
  private let firstNumber: Int

  package init(_ graph: Graph, firstNumber: Int = 1) {
    self.init(
      taken: graph.everyGraph.reduce(into: []) { $0.formUnion($1.definedNames) },
      firstNumber: firstNumber)
  }

  init(taken: Set<String>, firstNumber: Int = 1) {
    self.taken = taken
    self.firstNumber = firstNumber
  }

  /// `base`, or `base` with the first free number behind it.
  package mutating func unique(_ base: String) -> String {
    var name = base
    var number = firstNumber
    while !taken.insert(name).inserted {
      name = "\(base)_\(number)"
      number += 1
    }
    return name
  }
}
