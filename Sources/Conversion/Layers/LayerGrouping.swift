import Graphs
import OrderedCollections
import Tensors

/// Walks a prepared graph once and cuts it into layers.
struct LayerGrouping {
  let graph: Graph
  let facts: ValueFacts
  let report: PreparationReport
  let index: GraphIndex
  /// The pattern that starts at a node.
  private let patterns: [Node.ID: PatternMatch]
  /// Layers that the file has quantized already.
  private let stored: StoredLayers
  /// What stays in float for the sake of what is normalized.
  private let statistics: StatisticNodes
  /// The layer that a node would be part of, were it not split into its operators.
  private let owners: [Node.ID: Layer.ID]
  private var claimed: Set<Node.ID> = []
  private var names: LayerNames
  /// The nodes around this graph, with the attribute that holds it, outermost first.
  private let within: [String]
  private let whole: [Layer]
  private let split: Set<Layer.ID>
  private(set) var layers: [Layer] = []
  private(set) var shapeNodes: [Node.ID] = []

  /// - Parameters:
  ///   - whole: the layers of a walk that split nothing, whose names are kept.
  ///   - split: those of them that become a layer for each operator.
  init(
    graph: Graph, facts: ValueFacts, report: PreparationReport, whole: [Layer] = [],
    split: Set<Layer.ID> = [], within: [String] = [], names: LayerNames? = nil
  ) {
    self.within = within
    self.whole = whole
    self.split = split
    var owners: [Node.ID: Layer.ID] = [:]
    for layer in whole where split.contains(layer.id) {
      for node in layer.nodes { owners[node] = layer.id }
    }
    self.owners = owners
    self.names =
      names
      ?? LayerNames(reserved: Dictionary(whole.map { ($0.main, $0.id) }) { first, _ in first })
    self.graph = graph
    self.facts = facts
    self.report = report
    index = GraphIndex(graph)
    var patterns: [Node.ID: PatternMatch] = [:]
    for match in graph.patternMatches() {
      if let first = match.nodes.first { patterns[first] = match }
    }
    self.patterns = patterns
    stored = StoredLayers(graph, index)
    statistics = StatisticNodes(graph, facts, index)
  }

  mutating func run() {
    for node in graph.nodes where !claimed.contains(node.id) {
      if !node.attributes.isEmpty { walkInside(node) }
      if let place = stored.owners[node.id] {
        // Weights may be made real long before they are used.
        if stored.layers[place].main.id == node.id { finish(stored.layers[place]) }
        continue
      }
      let outputs = node.outputs.filter { !$0.isEmpty }
      let isShapeOnly =
        !outputs.contains(where: facts.activations.contains) && node.subgraphs.isEmpty
      if isShapeOnly {
        claimed.insert(node.id)
        shapeNodes.append(node.id)
      } else if let draft = weighted(node) ?? pointwiseChain(from: node) ?? binary(node) {
        finish(draft)
      } else {
        finish(single(node))
      }
    }
  }

  /// ` (else)` and the like, for layers inside of a node.
  private var place: String {
    guard let attribute = within.last else { return "" }
    let word = attribute.hasSuffix("_branch") ? attribute.dropLast("_branch".count) : attribute[...]
    return " (\(word))"
  }

  /// Layers inside a node come before its own.
  private mutating func walkInside(_ node: Node) {
    var number = 0
    for (attribute, value) in node.attributes.sorted(by: { $0.key < $1.key }) {
      for body in value.subgraphs {
        guard let facts = facts.inner[node.id]?[number] else { continue }
        number += 1
        var inner = LayerGrouping(
          graph: body, facts: facts, report: report, whole: whole, split: split,
          within: within + [node.label, attribute], names: names)
        inner.run()
        names = inner.names
        layers += inner.layers
        shapeNodes += inner.shapeNodes
      }
    }
  }

  // The layer under construction; `value` is what it makes so far.
  private struct Draft {
    var nodes: [Node]
    var main: Node
    /// What rules know it by, when the main node is only part of a function spelled out.
    var operatorType: String?
    var value: String
    var names: [String]
    var partCount = 1
    var role = LayerRole.quantizable
    var weight: WeightReference?
    var recurrentWeight: WeightReference?
    var bias: String?
  }

  private mutating func weighted(_ node: Node) -> Draft? {
    guard let weight = WeightReference(node: node, graph: graph), let input = node.input(0),
      facts.activations.contains(input)
    else { return nil }
    var draft = Draft(
      nodes: [node], main: node, value: node.outputs[0],
      names: [(weight.isDepthwise ? "Depthwise" : "") + node.operatorName.name], weight: weight)
    if ["LSTM", "GRU"].contains(node.operatorName.name) { return recurrent(draft) }
    if node.operatorName.name != "MatMul" { draft.bias = node.input(2) }
    if let bias = draft.bias, graph.constant(bias)?.elementType != .float32 { return nil }
    if report.sources(of: node.id).contains(where: { $0.reason == .batchNormalization }) {
      draft.names.append("BN")
    }
    if node.is("MatMul") { absorbBias(&draft) }
    absorbClamp(&draft)
    return draft
  }

  /// Both weights are constants, or it stays in float.
  private func recurrent(_ draft: Draft) -> Draft? {
    guard let reference = WeightReference(recurrenceOf: draft.main, graph: graph),
      draft.weight?.shape.rank == 3
    else { return nil }
    var draft = draft
    draft.recurrentWeight = reference
    return draft
  }

  /// Whether `node` may run in one step with what the draft has.
  private func canJoin(_ node: Node, _ draft: Draft) -> Bool {
    owners[node.id] == nil && draft.nodes.allSatisfy { owners[$0.id] == nil }
  }

  /// `MatMul → Add constant vector` is one layer.
  private func absorbBias(_ draft: inout Draft) {
    guard let next = index.soleConsumer(of: draft.value), next.is("Add"),
      !claimed.contains(next.id), canJoin(next, draft),
      let columns = draft.weight?.channelCount,
      let other = next.inputs.first(where: { $0 != draft.value }),
      let constant = graph.constant(other), constant.elementType == .float32,
      constant.elementCount == columns, constant.shape.dimensions.last == columns,
      constant.shape.rank <= max(2, graph.leastRank(of: draft.value, index))
    else { return }
    draft.nodes.append(next)
    draft.value = next.outputs[0]
    draft.bias = other
    draft.names.append("Add")
    draft.partCount += 1
  }

  private func absorbClamp(_ draft: inout Draft) {
    while let next = index.soleConsumer(of: draft.value), !claimed.contains(next.id),
      patterns[next.id] == nil, Clamp(node: next, graph: graph) != nil, canJoin(next, draft)
    {
      draft.nodes.append(next)
      draft.value = next.outputs[0]
      draft.names.append(next.operatorName.name)
      draft.partCount += 1
    }
  }

  private func pointwiseChain(from node: Node) -> Draft? {
    guard let first = link(at: node) else { return nil }
    guard !first.isFloatOnly else { return nil }
    var draft = Draft(
      nodes: first.nodes, main: first.main, operatorType: first.operatorType, value: first.output,
      names: [first.name])
    var isBounded = first.isBounded
    var hasFunction = first.isFunction
    while !isBounded, let start = firstConsumer(of: draft.value),
      let next = link(at: start), next.input == draft.value, !next.isFloatOnly,
      next.nodes.allSatisfy({ canJoin($0, draft) }),
      isOnlyUsed(draft.value, by: next.nodes)
    {
      draft.nodes += next.nodes
      draft.value = next.output
      draft.names.append(next.name)
      draft.partCount += 1
      isBounded = next.isBounded
      if next.isFunction, !hasFunction || next.isBounded {
        draft.main = next.main
        draft.operatorType = next.operatorType
        hasFunction = true
      }
    }
    return draft
  }

  /// One pointwise step: an operator, or a chain of operators that spell one out.
  private struct Link {
    var nodes: [Node]
    var main: Node
    var operatorType: String
    var input: String
    var output: String
    var name: String
    /// More than scaling and shifting.
    var isFunction: Bool
    var isBounded: Bool
    var isFloatOnly = false
  }

  private func link(at node: Node) -> Link? {
    guard !claimed.contains(node.id) else { return nil }
    if let match = patterns[node.id] {
      guard match.kind.isNormalization || statistics.nodes.isDisjoint(with: match.nodes) else {
        return nil
      }
      let nodes = match.nodes.compactMap(index.node)
      let main = nodes.first { !OperatorTraits.arithmetic.contains($0.operatorName.name) }
      return Link(
        nodes: nodes, main: main ?? node, operatorType: match.kind.operatorType, input: match.input,
        output: match.output,
        name: match.kind.title, isFunction: !match.kind.isAffine, isBounded: match.kind.isBounded,
        isFloatOnly: match.kind.isNormalization)
    }
    guard node.operatorName.domain.isEmpty, !statistics.nodes.contains(node.id),
      let input = pointwiseInput(of: node)
    else { return nil }
    let name = node.operatorName.name
    return Link(
      nodes: [node], main: node, operatorType: name, input: input, output: node.outputs[0],
      name: name,
      isFunction: !["Add", "Sub", "Mul", "Div"].contains(name),
      isBounded: OperatorTraits.bounded.contains(name))
  }

  /// The only activation a pointwise node reads, or `nil` when it is not pointwise.
  private func pointwiseInput(of node: Node) -> String? {
    let name = node.operatorName.name
    let variable = node.inputs.filter { !$0.isEmpty && graph.initializers[$0] == nil }
    guard variable.count == 1, facts.activations.contains(variable[0]) else { return nil }
    if OperatorTraits.pointwise.contains(name) { return variable[0] }
    guard OperatorTraits.arithmetic.contains(name), node.inputs.count == 2 else { return nil }
    let constants = node.inputs.compactMap(graph.constant)
    return constants.allSatisfy { $0.elementCount == 1 && $0.elementType == .float32 }
      ? variable[0] : nil
  }

  private func firstConsumer(of value: String) -> Node? {
    index.isGraphOutput(value) ? nil : index.consumers(of: value).first
  }

  private func isOnlyUsed(_ value: String, by nodes: [Node]) -> Bool {
    let ids = Set(nodes.map(\.id))
    return !index.isGraphOutput(value)
      && index.consumers(of: value).allSatisfy { ids.contains($0.id) }
  }

  private func binary(_ node: Node) -> Draft? {
    guard node.is("Add") || node.is("Mul"), node.inputs.count == 2,
      !statistics.nodes.contains(node.id),
      node.inputs.allSatisfy(facts.activations.contains)
    else { return nil }
    var draft = Draft(
      nodes: [node], main: node, value: node.outputs[0], names: [node.operatorName.name])
    absorbClamp(&draft)
    return draft
  }

  private func single(_ node: Node) -> Draft {
    if let match = patterns[node.id], match.kind.isNormalization {
      return Draft(
        nodes: match.nodes.compactMap(index.node), main: node,
        operatorType: match.kind.operatorType, value: match.output,
        names: [match.kind.title],
        role: .float(reason: OperatorTraits.reasonForFloat("LayerNormalization")))
    }
    let name = node.operatorName.name
    if let table = WeightReference(tableOf: node, graph: graph) {
      return Draft(
        nodes: [node], main: node, value: node.outputs[0], names: [name], weight: table)
    }
    if weighsBySoftmax(node) {
      return Draft(nodes: [node], main: node, value: node.outputs[0], names: [name])
    }
    return Draft(
      nodes: [node], main: node, value: node.outputs[0], names: [name],
      role: statistics.nodes.contains(node.id)
        ? .float(reason: StatisticNodes.reason)
        : OperatorTraits.role(of: node, graph: graph, facts: facts))
  }

  /// A product of what a softmax makes, whose range is known, with another activation: the second one
  /// of attention, which has an int8 kernel.
  private func weighsBySoftmax(_ node: Node) -> Bool {
    node.is("MatMul") && node.inputs.count == 2
      && node.inputs.allSatisfy(facts.activations.contains)
      && index.producer(of: node.inputs[0])?.is("Softmax") ?? false
  }

  private mutating func finish(_ layer: StoredLayer) {
    finish(
      Draft(
        nodes: layer.nodes, main: layer.main, value: layer.outputs.first ?? "",
        names: layer.names, role: .float(reason: layer.quantization.reason)),
      stored: layer)
  }

  /// - Parameter stored: what the file has quantized already, whose nodes are the draft's.
  private mutating func finish(_ draft: Draft, stored: StoredLayer? = nil) {
    let (id, path) = names.claim(draft.main)
    let own = Set(draft.nodes.map(\.id))
    claimed.formUnion(own)
    let made = Set(draft.nodes.flatMap(\.outputs))
    var inputs: [String] = stored?.codeInputs ?? []
    var parameters: Set<String> = []
    for node in draft.nodes {
      for input in node.inputs + node.capturedNames.sorted() where !input.isEmpty {
        if graph.constant(input)?.elementType == .float32 {
          parameters.insert(input)
        } else if facts.activations.contains(input), !made.contains(input), !inputs.contains(input)
        {
          inputs.append(input)
        }
      }
    }
    let outputs: [String]
    if let stored {
      outputs = stored.outputs
    } else if draft.nodes.count == 1 {
      outputs = draft.main.outputs.filter(facts.activations.contains)
    } else {
      outputs = [draft.value]
    }
    let floats = parameters.reduce(0) { $0 + (graph.constant($1)?.elementCount ?? 0) }
    let owner = owners[draft.main.id]
    layers.append(
      Layer(
        id: id, path: path, operatorType: draft.operatorType ?? draft.main.operatorName.name,
        title: draft.names.joined(separator: "+") + (owner == nil ? "" : " (split)") + place,
        role: draft.role,
        nodes: draft.nodes.map(\.id).sorted {
          (index.position(of: $0) ?? 0) < (index.position(of: $1) ?? 0)
        },
        main: draft.main.id, inputs: inputs, outputs: outputs.isEmpty ? [draft.value] : outputs,
        weight: draft.weight, recurrentWeight: draft.recurrentWeight, bias: draft.bias,
        parameterCount: stored?.parameterCount ?? floats, within: within,
        partCount: draft.partCount,
        splitFrom: owner, stored: stored?.quantization))
  }
}
