internal import OrderedCollections

extension Graph {
  /// Removes nodes whose results nothing uses.
  package mutating func eliminateDeadNodes(recording report: inout PreparationReport) {
    var needed = Set(outputs.map(\.name))
    var kept: [Node] = []
    var dead: [Node] = []
    for node in nodes.reversed() {
      guard node.outputs.contains(where: { needed.contains($0) }) else {
        dead.append(node)
        continue
      }
      needed.formUnion(node.inputs)
      if !node.attributes.isEmpty { needed.formUnion(node.capturedNames) }
      kept.append(node)
    }
    guard !dead.isEmpty else { return }
    for node in dead.reversed() where !node.is("Constant") { report.record(node, .unused) }
    replaceNodes(with: kept.reversed())
  }

  /// Removes initializers that nothing uses, and declarations of values that are gone.
  package mutating func eliminateUnusedInitializers() {
    var used = Set(outputs.map(\.name))
    var made = Set<String>()
    for node in nodes {
      used.formUnion(node.inputs)
      made.formUnion(node.outputs)
      if !node.attributes.isEmpty { used.formUnion(node.capturedNames) }
    }
    initializers.removeAll { !used.contains($0.key) }
    declarations.removeAll { name, _ in !made.contains(name) && initializers[name] == nil }
  }
}
