internal import OrderedCollections
internal import Tensors

extension Graph {
  /// Puts the nodes of the branch that is always taken in place of an If whose condition is
  /// constant.
  ///
  /// - Precondition: `separateSubgraphs()` ran, so that no name clashes.
  /// - Returns: whether there was one.
  mutating func inlineConstantBranches(recording report: inout PreparationReport) -> Bool {
    var kept: [Node] = []
    var hasInlined = false
    for node in nodes {
      guard node.is("If"), let condition = node.input(0).flatMap(constant),
        condition.elementType == .bool, condition.elementCount == 1,
        let attribute = node.attributes[
          condition.withUnsafeBytes { $0.first != 0 } ? "then_branch" : "else_branch"],
        let body = attribute.subgraphs.first, body.outputs.count >= node.outputs.count
      else {
        kept.append(node)
        continue
      }
      hasInlined = true
      report.record(node, .constant)
      for (name, initializer) in body.initializers { initializers[name] = initializer }
      for (name, declaration) in body.declarations { declarations[name] = declaration }
      kept += body.nodes.map { Node($0, id: makeNodeID()) }
      for (output, result) in zip(node.outputs, body.outputs) where !output.isEmpty {
        kept.append(
          Node(
            id: makeNodeID(), name: output, operatorName: OperatorName("Identity"),
            inputs: [result.name], outputs: [output]))
      }
    }
    if hasInlined { replaceNodes(with: kept) }
    return hasInlined
  }
}
