internal import OrderedCollections
internal import Tensors

extension Model {
  /// The same model in the words of opset 13 or 21, when it is older; a newer one as it is.
  ///
  /// Operators whose definition changed are rewritten, in subgraphs too; their nodes keep ids and
  /// names. Operators of other domains, and those nobody knows, stay as they are.
  /// - Precondition: `opset` is 13 or 21.
  package func upgraded(toAtLeast opset: Int64 = 13) throws(UpgradeError) -> Model {
    precondition(opset == 13 || opset == 21, "opset \(opset) has no upgrade")
    guard let current = opsets[""], current < opset else { return self }
    var model = self
    var upgrade = OpsetUpgrade(from: current, to: opset, model.graph)
    try upgrade.upgrade(&model.graph, enclosing: [:])
    model.opsets[""] = opset
    // IR 7 came with opset 13, IR 10 with 21. From IR 4 on, new initializers need not be inputs.
    model.irVersion = max(model.irVersion, opset == 13 ? 7 : 10)
    return model
  }
}

/// Rewrites the operators of a graph from one opset to another.
struct OpsetUpgrade {
  let opset: Int64
  let target: Int64
  private var names: NameAllocator

  init(from opset: Int64, to target: Int64, _ graph: Graph) {
    self.opset = opset
    self.target = target
    names = NameAllocator(graph)
  }

  /// Rewrites `graph`; `enclosing` has the ranks of values of surrounding graphs, where known.
  mutating func upgrade(
    _ graph: inout Graph, enclosing: [String: Int]
  ) throws(UpgradeError) {
    var facts = ValueFacts(graph, enclosing: enclosing)
    var result: [Node] = []
    for source in graph.nodes {
      var node = source
      if !node.attributes.isEmpty {
        var attributes = node.attributes
        for (name, attribute) in attributes where !attribute.subgraphs.isEmpty {
          attributes[name] = try attribute.mappingSubgraphs { (body) throws(UpgradeError) in
            try upgrade(&body, enclosing: facts.ranks)
          }
        }
        node.attributes = attributes
      }
      if node.operatorName.domain.isEmpty {
        result += try upgraded(node, in: &graph, facts)
      } else {
        result.append(node)
      }
      facts.note(source, in: graph)
    }
    graph.replaceNodes(with: result)
  }

  private mutating func upgraded(
    _ source: Node, in graph: inout Graph, _ facts: ValueFacts
  ) throws(UpgradeError) -> [Node] {
    guard opset < 13 else { return [try raised(source, in: &graph)] }
    let nodes = try upgradedTo13(source, in: &graph, facts)
    guard target > 13 else { return nodes }
    var result: [Node] = []
    for node in nodes { result.append(try raised(node, in: &graph)) }
    return result
  }

  /// From opset 13 on to 21.
  private mutating func raised(
    _ source: Node, in graph: inout Graph
  ) throws(UpgradeError) -> Node {
    var node = source
    switch node.operatorName.name {
    case "ReduceMax", "ReduceMin", "ReduceMean", "ReduceProd", "ReduceL1", "ReduceL2",
      "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare":
      if opset < 18 { moveIntegers("axes", of: &node, to: 1, in: &graph) }
    case "Split":
      if opset < 18, node.input(1) == nil {
        node.attributes["num_outputs"] = .int(Int64(node.outputs.count))
      }
    case "GridSample":
      // The same methods under other names.
      let names = ["bilinear": "linear", "bicubic": "cubic"]
      if opset < 20, let name = names[node.string("mode") ?? "bilinear"] {
        node.attributes["mode"] = .string(Array(name.utf8))
      }
    case "GroupNormalization":
      if opset < 21 { throw refusal(node, "with a scale for every group") }
    default: break
    }
    return node
  }

  private mutating func upgradedTo13(
    _ source: Node, in graph: inout Graph, _ facts: ValueFacts
  ) throws(UpgradeError) -> [Node] {
    var node = source
    switch node.operatorName.name {
    case "Squeeze", "Unsqueeze", "ReduceSum":
      moveIntegers("axes", of: &node, to: 1, in: &graph)
    case "Split":
      moveIntegers("split", of: &node, to: 1, in: &graph)
    case "Softmax", "LogSoftmax", "Hardmax":
      return flattening(node, in: &graph, facts)
    case "Clip" where opset < 11:
      try moveFloat("min", of: &node, to: 1, in: &graph, facts)
      try moveFloat("max", of: &node, to: 2, in: &graph, facts)
    case "Pad" where opset < 11:
      moveIntegers("pads", of: &node, to: 1, in: &graph)
      try moveFloat("value", of: &node, to: 2, in: &graph, facts)
    case "Slice" where opset < 10:
      upgradeSlice(&node, in: &graph)
    case "TopK" where opset < 10:
      moveIntegers("k", of: &node, to: 1, in: &graph)
    case "Dropout" where opset < 12:
      try upgradeDropout(&node, in: &graph, facts)
    case "Upsample" where opset < 10:
      try upgradeUpsample(&node, in: &graph)
    case "Resize" where opset < 11:
      try upgradeResize(&node, in: graph)
    case "BatchNormalization" where opset < 9:
      guard node.int("spatial") ?? 1 == 1 else {
        throw refusal(node, "with statistics for every position (spatial = 0)")
      }
      node.attributes["spatial"] = nil
    case "Scatter":
      node.operatorName.name = "ScatterElements"
    case "Scan" where opset < 9:
      throw refusal(node, "with a batch axis")
    default: break
    }
    return [node]
  }

  func refusal(_ node: Node, _ reason: String) -> UpgradeError {
    .notUpgradable(
      operatorName: node.operatorName.description, node: node.label, opset: opset, reason: reason)
  }

  /// Stores `tensor` in the graph and makes it the node's input.
  mutating func setInput(
    _ slot: Int, of node: inout Node, named suffix: String, to tensor: Tensor,
    in graph: inout Graph
  ) {
    let base = node.outputs.first { !$0.isEmpty } ?? node.name
    let name = names.unique("\(base)_\(suffix)")
    graph.initializers[name] = Initializer(tensor)
    setInput(slot, of: &node, to: name)
  }

  func setInput(_ slot: Int, of node: inout Node, to name: String) {
    while node.inputs.count <= slot { node.inputs.append("") }
    node.inputs[slot] = name
  }

  mutating func uniqueName(_ base: String) -> String { names.unique(base) }

  /// Makes an integer attribute an int64 input; nothing when the node does not have it.
  private mutating func moveIntegers(
    _ attribute: String, of node: inout Node, to slot: Int, in graph: inout Graph
  ) {
    guard let values = node.ints(attribute) ?? node.int(attribute).map({ [$0] }) else { return }
    node.attributes[attribute] = nil
    setInput(slot, of: &node, named: attribute, to: Tensor(values), in: &graph)
  }

  /// Makes a float attribute a scalar input of the type of the node's data.
  private mutating func moveFloat(
    _ attribute: String, of node: inout Node, to slot: Int, in graph: inout Graph,
    _ facts: ValueFacts
  ) throws(UpgradeError) {
    guard let value = node.float(attribute) else { return }
    node.attributes[attribute] = nil
    let type = facts.elementType(of: node)
    let tensor: Tensor
    switch type {
    case .float32: tensor = .scalar(value)
    case .float64: tensor = .scalar(Double(value))
    default: throw refusal(node, "on \(type)")
    }
    setInput(slot, of: &node, named: attribute, to: tensor, in: &graph)
  }

  private mutating func upgradeSlice(_ node: inout Node, in graph: inout Graph) {
    moveIntegers("starts", of: &node, to: 1, in: &graph)
    moveIntegers("ends", of: &node, to: 2, in: &graph)
    moveIntegers("axes", of: &node, to: 3, in: &graph)
  }

  private mutating func upgradeDropout(
    _ node: inout Node, in graph: inout Graph, _ facts: ValueFacts
  ) throws(UpgradeError) {
    // Until opset 10 the mask had the type of the data.
    if opset < 10, node.outputs.count > 1, !node.outputs[1].isEmpty {
      guard !facts.isUsed(node.outputs[1]) else { throw refusal(node, "with its mask in use") }
      node.outputs.removeLast(node.outputs.count - 1)
    }
    try moveFloat("ratio", of: &node, to: 1, in: &graph, facts)
  }
}
