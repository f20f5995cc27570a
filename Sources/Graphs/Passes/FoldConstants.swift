internal import OrderedCollections
internal import Tensors

extension Graph {
  /// Results larger than this stay computed: a constant tensor costs memory and file size for ever.
  private static let largestFoldedByteCount = 64 << 20

  /// Stores results of nodes whose inputs are all constant as initializers.
  ///
  /// Quantization stays visible: Q and DQ nodes are never folded. Neither are nodes with
  /// subgraphs, random ones, and those that make an output of the graph. `evaluate` is asked for operators that this module does not
  /// compute itself.
  package mutating func foldConstants(
    evaluate: ConstantEvaluator? = nil, recording report: inout PreparationReport
  ) {
    let results = Set(outputs.map(\.name))
    var kept: [Node] = []
    for node in nodes {
      guard let values = folded(node, evaluate: evaluate, results: results) else {
        kept.append(node)
        continue
      }
      for (name, value) in zip(node.outputs, values) where !name.isEmpty {
        initializers[name] = Initializer(value)
      }
      report.record(node, .constant)
    }
    if kept.count < nodes.count { replaceNodes(with: kept) }
  }

  private func folded(
    _ node: Node, evaluate: ConstantEvaluator?, results: Set<String>
  ) -> [Tensor]? {
    guard !node.inputs.isEmpty, !node.outputs.contains(where: results.contains),
      !node.isNeverFolded
    else { return nil }
    var inputs: [Tensor?] = []
    for name in node.inputs {
      if name.isEmpty {
        inputs.append(nil)
      } else if let tensor = constant(name) {
        inputs.append(tensor)
      } else {
        return nil
      }
    }
    // A node that cannot be computed stays, and fails by name if it is ever executed.
    let values = ConstantOperators.evaluate(node, inputs) ?? (try? evaluate?(node, inputs))
    guard let values, values.count >= node.outputs.count,
      values.allSatisfy({ $0.byteCount <= Self.largestFoldedByteCount })
    else { return nil }
    return values
  }
}

extension Node {
  fileprivate var isNeverFolded: Bool {
    let name = operatorName.name
    return name.hasSuffix("QuantizeLinear") || name == "DequantizeLinear"
      || name.hasPrefix("Random") || ["Multinomial", "Bernoulli", "Dropout"].contains(name)
      || !subgraphs.isEmpty
  }
}
