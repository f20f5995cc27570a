internal import OrderedCollections
internal import Tensors

extension Graph {
  /// Removes nodes that pass their input on: Identity, Dropout outside training, Cast to the type
  /// the value has, Pad by nothing, and reshapes or transposes that move nothing.
  ///
  /// The value keeps the later name where its maker is in this graph and nothing else uses the
  /// earlier one; otherwise the earlier name stays. Outputs of the graph keep theirs in any case.
  package mutating func removeIdentities(recording report: inout PreparationReport) {
    let results = Set(outputs.map(\.name))
    var folding = ProducerFolding(self)
    for position in folding.nodes.indices {
      let node = folding.visit(position)
      guard isIdentity(node, folding), let source = node.input(0), let result = node.outputs.first
      else { continue }
      if let maker = folding.soleProducer(of: source) {
        folding.fold(position, into: maker, reading: source)
        report.record(node, .identity, into: folding.nodes[maker].id)
      } else if !results.contains(result) {
        folding.bypass(position, for: source)
        report.record(node, .identity)
      }
    }
    replaceNodes(with: folding.remaining)
  }

  private func isIdentity(_ node: Node, _ folding: ProducerFolding) -> Bool {
    guard node.operatorName.domain.isEmpty,
      node.outputs.dropFirst().allSatisfy({ $0.isEmpty || folding.useCount(of: $0) == 0 })
    else { return false }
    switch node.operatorName.name {
    case "Identity":
      return true
    case "Dropout":
      guard let training = node.input(2) else { return true }
      return constant(training)?.isFalse ?? false
    case "Cast":
      guard let input = node.input(0), let target = node.int("to"),
        let type = initializers[input]?.tensor.elementType ?? declaration(of: input)?.elementType
      else { return false }
      return Int64(type.rawValue) == target
    case "Pad":
      guard let pads = node.input(1).flatMap(constant), pads.elementType == .int64 else {
        return false
      }
      return pads.array(of: Int64.self).allSatisfy { $0 == 0 }
    case "Transpose":
      return node.ints("perm").map { $0 == Array(0..<Int64($0.count)) } ?? false
    case "Concat", "Sum", "Max", "Min", "Mean":
      return node.inputs.count == 1
    default:
      return false
    }
  }
}

extension Tensor {
  fileprivate var isFalse: Bool {
    elementType == .bool && array(of: Bool.self).allSatisfy { !$0 }
  }
}
