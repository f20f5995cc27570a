internal import OrderedCollections

extension Graph {
  /// Makes the ids of nodes and the names of values unique within this graph and all inside it, so
  /// that either alone says what is meant. This graph's own stay as they are.
  ///
  /// Both branches of an If often use the same names, and a body may hide a name around it.
  package mutating func separateSubgraphs() {
    var names = SubgraphNames(self)
    mapSubgraphs { body in body.separate(&names) }
  }

  /// Changes every graph directly inside a node of this one.
  mutating func mapSubgraphs(_ change: (inout Graph) -> Void) {
    for index in nodes.indices where !nodes[index].attributes.isEmpty {
      guard !nodes[index].subgraphs.isEmpty else { continue }
      var attributes = nodes[index].attributes
      for name in attributes.keys.sorted() {
        attributes[name] = attributes[name]?.mappingSubgraphs(change)
      }
      updateNode(at: index) { $0.attributes = attributes }
    }
  }

  fileprivate mutating func separate(_ names: inout SubgraphNames) {
    names.graphCount += 1
    renumberNodes(asGraph: names.graphCount)
    for name in definedNames.sorted() {
      let unique = names.allocator.unique(name)
      if unique != name { rename(name, to: unique) }
    }
    mapSubgraphs { body in body.separate(&names) }
  }

  /// Renames a value that this graph defines.
  mutating func rename(_ old: String, to new: String) {
    renameUses(of: old, to: new)
    for index in nodes.indices where nodes[index].outputs.contains(old) {
      updateNode(at: index) { node in
        node.outputs = node.outputs.map { $0 == old ? new : $0 }
      }
    }
    for index in inputs.indices where inputs[index].name == old { inputs[index].name = new }
    for index in outputs.indices where outputs[index].name == old { outputs[index].name = new }
    if let initializer = initializers.removeValue(forKey: old) { initializers[new] = initializer }
    if var declaration = declarations.removeValue(forKey: old) {
      declaration.name = new
      declarations[new] = declaration
    }
  }
}

/// Names that are given in a graph and those gone through inside it, and how many of these there are.
private struct SubgraphNames {
  var allocator: NameAllocator
  var graphCount: Int64 = 0

  init(_ graph: Graph) {
    allocator = NameAllocator(taken: graph.definedNames, firstNumber: 2)
  }
}
