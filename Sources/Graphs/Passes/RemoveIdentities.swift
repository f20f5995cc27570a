internal import OrderedCollections
internal import Tensors

extension Graph {
  /// Removes nodes that pass their input on: Identity, Dropout outside training, Cast to the type
  /// the value has, Pad by nothing, and reshapes or transposes that move nothing.
  ///
  /// The value keeps the later name where its maker is in this graph and nothing else uses the
  /// earlier one; otherwise the earlier name stays. Outputs of the graph keep theirs in any case.
  package mutating func removeIdentities(recording report: inout PreparationReport) {
    var index = GraphIndex(self)
    for id in nodes.map(\.id) {
      guard let node = index.node(id), isIdentity(node, index), let source = node.input(0),
        let result = node.outputs.first
      else { continue }
      let maker = index.producerPosition(of: source)
      if let maker, index.soleConsumer(of: source)?.id == node.id {
        let target = nodes[maker].id
        remove(node.id)
        updateNode(at: maker) { maker in
          for slot in maker.outputs.indices where maker.outputs[slot] == source {
            maker.outputs[slot] = result
          }
        }
        report.record(node, .identity, into: target)
      } else if !index.isGraphOutput(result) {
        remove(node.id)
        renameUses(of: result, to: source)
        report.record(node, .identity)
      } else {
        continue
      }
      index = GraphIndex(self)
    }
  }

  private mutating func remove(_ id: Node.ID) {
    replaceNodes(with: nodes.filter { $0.id != id })
  }

  private func isIdentity(_ node: Node, _ index: GraphIndex) -> Bool {
    guard node.operatorName.domain.isEmpty,
      node.outputs.dropFirst().allSatisfy({ unused($0, index) })
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

  private func unused(_ output: String, _ index: GraphIndex) -> Bool {
    output.isEmpty || index.useCount(of: output) == 0
  }
}

extension Tensor {
  fileprivate var isFalse: Bool {
    elementType == .bool && array(of: Bool.self).allSatisfy { !$0 }
  }
}
