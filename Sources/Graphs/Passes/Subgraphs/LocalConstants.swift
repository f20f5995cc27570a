internal import OrderedCollections

extension Graph {
  /// Gives every graph inside a node the constants that it takes from this one, so that it can be
  /// prepared, quantized and compiled on its own. A constant that only one graph uses moves there;
  /// others are copied under names of their own, and the copies share memory.
  mutating func moveConstantsIntoSubgraphs() {
    var names = NameAllocator(self)
    var uses: [String: Int] = [:]
    for output in outputs { uses[output.name, default: 0] += 1 }
    for node in nodes {
      for input in Set(node.inputs) { uses[input, default: 0] += 1 }
      for body in node.subgraphs {
        for name in body.freeNames { uses[name, default: 0] += 1 }
      }
    }
    let constants = initializers
    mapSubgraphs { body in
      for name in body.freeNames.sorted() {
        guard let constant = constants[name] else { continue }
        let local = uses[name] == 1 ? name : names.unique(name)
        if local != name { body.renameUses(of: name, to: local) }
        for index in body.outputs.indices where body.outputs[index].name == name {
          body.outputs[index].name = local
        }
        body.initializers[local] = constant
      }
    }
    let moved = Set(nodes.flatMap(\.subgraphs).flatMap(\.initializers.keys))
    initializers.removeAll { moved.contains($0.key) && uses[$0.key] == 1 }
  }
}
