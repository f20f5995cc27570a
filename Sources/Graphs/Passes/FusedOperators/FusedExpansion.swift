internal import OrderedCollections
internal import Tensors

extension Graph {
  /// Writes operators of com.microsoft that do the work of several in operators of ONNX, in graphs
  /// inside of nodes too.
  mutating func spellOutFusedOperators(opset: Int64) {
    self = FusedExpansion(self, opset: opset).graph
    mapSubgraphs { $0.spellOutFusedOperators(opset: opset) }
  }
}

/// Operators of com.microsoft that do the work of several, spelled out in operators of ONNX, so that
/// they are run, quantized and exported like those of any other model.
///
/// One node keeps id and name. What cannot be spelled out stays, and fails by name when it is run.
struct FusedExpansion {
  private(set) var graph: Graph
  let opset: Int64
  private var names: NameAllocator
  private var nodes: [Node] = []

  init(_ graph: Graph, opset: Int64) {
    self.graph = graph
    self.opset = opset
    names = NameAllocator(graph)
    guard graph.nodes.contains(where: { $0.operatorName.domain == "com.microsoft" }) else { return }
    for node in graph.nodes where !expand(node) { nodes.append(node) }
    self.graph.replaceNodes(with: nodes)
  }

  /// Whether `node` is written anew.
  private mutating func expand(_ node: Node) -> Bool {
    guard node.operatorName.domain == "com.microsoft", let output = node.outputs.first,
      !output.isEmpty, node.input(0) != nil
    else { return false }
    switch node.operatorName.name {
    case "FusedConv": return expandProduct(node, as: "Conv", output: output)
    case "FusedGemm": return expandProduct(node, as: "Gemm", output: output)
    case "Gelu", "BiasGelu", "FastGelu": expandGELU(node, output: output)
    case "QuickGelu": expandQuickGELU(node, output: output)
    case "SkipLayerNormalization": return expandNormalization(node, output: output)
    default: return false
    }
    return true
  }

  // Writing.

  /// A node beside the main one of `source`, under its name; its output has a new name unless one
  /// is given.
  @discardableResult
  mutating func add(
    _ name: String, for source: Node, _ inputs: [String],
    _ attributes: [String: Attribute] = [:], output: String? = nil
  ) -> String {
    let output = output ?? names.unique("\(source.outputs[0])_\(name)")
    nodes.append(
      Node(
        id: graph.makeNodeID(), name: source.name, operatorName: OperatorName(name),
        attributes: attributes, inputs: inputs, outputs: [output]))
    return output
  }

  /// The node itself, as an operator of ONNX.
  @discardableResult
  mutating func compute(
    _ node: Node, as name: String, _ inputs: [String], _ attributes: [String: Attribute] = [:],
    output: String? = nil
  ) -> String {
    var main = node
    main.operatorName = OperatorName(name)
    main.attributes = attributes
    main.inputs = inputs
    main.outputs = [output ?? names.unique("\(node.outputs[0])_\(name)")]
    nodes.append(main)
    return main.outputs[0]
  }

  mutating func number(_ value: Float, for node: Node) -> String {
    let name = names.unique("\(node.outputs[0])_constant")
    graph.initializers[name] = Initializer(.scalar(value))
    return name
  }
}

extension FusedExpansion {
  /// Conv or Gemm, for FusedConv a second summand, and an activation.
  fileprivate mutating func expandProduct(
    _ node: Node, as name: String, output: String
  ) -> Bool {
    let activation = node.string("activation") ?? ""
    let parameters = activationParameters(node)
    guard isKnown(activation, parameters) else { return false }
    var attributes = node.attributes
    for key in attributes.keys where key.hasPrefix("activation") { attributes[key] = nil }
    var inputs = Array(node.inputs.prefix(3))
    while inputs.last?.isEmpty ?? false { inputs.removeLast() }
    let summand = name == "Conv" ? node.input(3) : nil
    var value = compute(
      node, as: name, inputs, attributes,
      output: activation.isEmpty && summand == nil ? output : nil)
    if let summand {
      value = add("Add", for: node, [value, summand], output: activation.isEmpty ? output : nil)
    }
    guard !activation.isEmpty else { return true }
    if activation == "Clip" {
      let limits = [number(parameters[0], for: node), number(parameters[1], for: node)]
      add("Clip", for: node, [value] + limits, output: output)
    } else {
      var attributes: [String: Attribute] = [:]
      for (name, value) in zip(["alpha", "beta"], parameters) { attributes[name] = .float(value) }
      add(activation, for: node, [value], attributes, output: output)
    }
    return true
  }

  private func activationParameters(_ node: Node) -> [Float] {
    if case .floats(let values)? = node.attributes["activation_params"] { return values }
    return ["activation_alpha", "activation_beta"].compactMap { node.float($0) }
  }

  private func isKnown(_ activation: String, _ parameters: [Float]) -> Bool {
    switch activation {
    case "", "Relu", "Tanh", "Sigmoid": parameters.isEmpty
    case "LeakyRelu": parameters.count == 1
    case "Clip", "HardSigmoid": parameters.count == 2
    default: false
    }
  }

  /// GELU of the input, or of its sum with a bias; FastGelu is the approximation by tanh.
  fileprivate mutating func expandGELU(_ node: Node, output: String) {
    var value = node.inputs[0]
    if let bias = node.input(1) { value = add("Add", for: node, [value, bias]) }
    let isFast = node.operatorName.name == "FastGelu"
    if opset >= 20 {
      compute(
        node, as: "Gelu", [value],
        ["approximate": .string(Array((isFast ? "tanh" : "none").utf8))], output: output)
      return
    }
    let inner: String
    if isFast {
      let cube = add("Pow", for: node, [value, number(3, for: node)])
      let term = add("Mul", for: node, [cube, number(0.044715, for: node)])
      let sum = add("Add", for: node, [value, term])
      let argument = add("Mul", for: node, [sum, number((2 / Float.pi).squareRoot(), for: node)])
      inner = compute(node, as: "Tanh", [argument])
    } else {
      let argument = add("Div", for: node, [value, number(Float(2).squareRoot(), for: node)])
      inner = compute(node, as: "Erf", [argument])
    }
    let gate = add("Add", for: node, [inner, number(1, for: node)])
    let product = add("Mul", for: node, [value, gate])
    add("Mul", for: node, [product, number(0.5, for: node)], output: output)
  }

  /// `x · sigmoid(alpha · x)`
  fileprivate mutating func expandQuickGELU(_ node: Node, output: String) {
    let alpha = node.float("alpha") ?? 1.702
    var argument = node.inputs[0]
    if alpha != 1 { argument = add("Mul", for: node, [argument, number(alpha, for: node)]) }
    let gate = compute(node, as: "Sigmoid", [argument])
    add("Mul", for: node, [node.inputs[0], gate], output: output)
  }

  /// A sum of two or three operands, normalised; the sum may be an output too.
  fileprivate mutating func expandNormalization(_ node: Node, output: String) -> Bool {
    guard let skip = node.input(1), let scale = node.input(2),
      node.outputs.indices.allSatisfy({ [0, 3].contains($0) || node.outputs[$0].isEmpty })
    else { return false }
    let wanted = node.outputs.count > 3 && !node.outputs[3].isEmpty ? node.outputs[3] : nil
    let bias = node.input(4)
    var sum = add(
      "Add", for: node, [node.inputs[0], skip], output: bias == nil ? wanted : nil)
    if let bias { sum = add("Add", for: node, [sum, bias], output: wanted) }
    let epsilon = node.float("epsilon") ?? 1e-12
    if opset >= 17 {
      let inputs = [sum, scale] + (node.input(3).map { [$0] } ?? [])
      compute(
        node, as: "LayerNormalization", inputs, ["epsilon": .float(epsilon), "axis": .int(-1)],
        output: output)
      return true
    }
    let mean = add("ReduceMean", for: node, [sum], ["axes": .ints([-1])])
    let centred = add("Sub", for: node, [sum, mean])
    let squares = add("Pow", for: node, [centred, number(2, for: node)])
    let variance = add("ReduceMean", for: node, [squares], ["axes": .ints([-1])])
    let safe = add("Add", for: node, [variance, number(epsilon, for: node)])
    let deviation = add("Sqrt", for: node, [safe])
    let normal = compute(node, as: "Div", [centred, deviation])
    let scaled = add(
      "Mul", for: node, [normal, scale], output: node.input(3) == nil ? output : nil)
    if let shift = node.input(3) { add("Add", for: node, [scaled, shift], output: output) }
    return true
  }
}
