internal import OrderedCollections
internal import Tensors

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

  /// The reverse for constants that several graphs hold copies of: one stays, in this graph.
  package mutating func shareConstantsOfSubgraphs() {
    var holders: [ConstantIdentity: [String]] = [:]
    for body in nodes.flatMap(\.subgraphs) { body.collectConstants(into: &holders) }
    var names = NameAllocator(self)
    for (identity, copies) in holders.sorted(by: { $0.value[0] < $1.value[0] })
    where copies.count > 1 {
      let shared = names.unique(copies[0] + "_shared")
      initializers[shared] = identity.initializer
      let gone = Set(copies)
      mapSubgraphs { body in body.replaceConstants(gone, with: shared) }
    }
  }

  private func collectConstants(into holders: inout [ConstantIdentity: [String]]) {
    for (name, initializer) in initializers where initializer.tensor.byteCount > 1 << 10 {
      holders[ConstantIdentity(initializer), default: []].append(name)
    }
    for body in nodes.flatMap(\.subgraphs) { body.collectConstants(into: &holders) }
  }

  private mutating func replaceConstants(_ gone: Set<String>, with shared: String) {
    for name in initializers.keys where gone.contains(name) {
      initializers[name] = nil
      renameUses(of: name, to: shared)
    }
    mapSubgraphs { body in body.replaceConstants(gone, with: shared) }
  }
}

/// Constants with the same bytes in memory.
private struct ConstantIdentity: Hashable {
  let initializer: Initializer

  init(_ initializer: Initializer) { self.initializer = initializer }

  static func == (left: Self, right: Self) -> Bool {
    let (a, b) = (left.initializer.tensor, right.initializer.tensor)
    return a.storage === b.storage && a.byteOffset == b.byteOffset && a.shape == b.shape
      && a.elementType == b.elementType
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(initializer.tensor.storage))
    hasher.combine(initializer.tensor.byteOffset)
  }
}
