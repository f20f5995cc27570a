internal import OrderedCollections
internal import Tensors

/// A graph whose operators on codes (QLinearConv and its kin) are spelled out as DequantizeLinear,
/// the float operator, QuantizeLinear.
///
/// The float operator keeps the node's id and name, and the codes keep theirs. Nodes that already
/// have that form, and operators that nothing here knows, stay as they are.
package struct CodeExpansion {
  package private(set) var graph: Graph
  /// Why a known operator could not be spelled out, for nodes that are still in the graph.
  package private(set) var refusals: [Node.ID: String] = [:]

  let opset: Int64
  private var names: NameAllocator
  private var nodes: [Node] = []
  private var types: [String: ElementType] = [:]
  private var ranks: [String: Int] = [:]
  /// What codes that were made so far stand for, where all have one scale.
  private var meanings: [String: CodeOperand] = [:]

  package init(_ graph: Graph, opset: Int64) {
    self.graph = graph
    self.opset = opset
    names = NameAllocator(graph)
    let declarations = graph.inputs + graph.outputs + graph.declarations.values
    for declaration in declarations {
      if let type = declaration.elementType { types[declaration.name] = type }
      if let dimensions = declaration.dimensions { ranks[declaration.name] = dimensions.count }
    }
    for (name, initializer) in graph.initializers {
      types[name] = initializer.tensor.elementType
      ranks[name] = initializer.tensor.shape.rank
    }
    for node in graph.nodes {
      let count = nodes.count
      do {
        if try expand(node) { continue }
      } catch {
        nodes.removeLast(nodes.count - count)
        refusals[node.id] = error.reason
      }
      note(node)
      nodes.append(node)
    }
    self.graph.replaceNodes(with: nodes)
  }

  /// Whether `node` is written anew.
  private mutating func expand(_ node: Node) throws(CodeRefusal) -> Bool {
    switch (node.operatorName.domain, node.operatorName.name) {
    case ("", "QLinearConv"), ("com.microsoft", "QLinearConv"): try expandConvolution(node)
    case ("", "QLinearMatMul"): try expandMatMul(node)
    case ("com.microsoft", "QGemm"): try expandGemm(node)
    case ("com.microsoft", "MatMulNBits"): try expandPackedMatMul(node)
    case ("com.microsoft", "QLinearAdd"): try expandBinary(node, as: "Add")
    case ("com.microsoft", "QLinearMul"): try expandBinary(node, as: "Mul")
    case ("com.microsoft", "QLinearSigmoid"): try expandUnary(node, as: "Sigmoid")
    case ("com.microsoft", "QLinearLeakyRelu"): try expandUnary(node, as: "LeakyRelu")
    case ("com.microsoft", "QLinearSoftmax"): try expandSoftmax(node)
    case ("com.microsoft", "QLinearConcat"): try expandConcat(node)
    case ("com.microsoft", "QLinearWhere"): try expandWhere(node)
    case ("com.microsoft", "QLinearAveragePool"): try expandAveragePool(node)
    case ("com.microsoft", "QLinearGlobalAveragePool"): try expandGlobalAveragePool(node)
    case ("com.microsoft", "QLinearReduceMean"): try expandReduceMean(node)
    case ("com.microsoft", "NhwcMaxPool"): try expandPoolOfCodes(node)
    case ("com.microsoft", "QuantizeLinear"), ("com.microsoft", "DequantizeLinear"):
      var standard = node
      standard.operatorName.domain = ""
      note(standard)
      append(standard)
    case ("", _): return try expandMovement(node)
    default: return false
    }
    return true
  }

  /// Learns what a node that stays as it is tells of its output.
  private mutating func note(_ node: Node) {
    guard node.is("QuantizeLinear"), let output = node.outputs.first else { return }
    let requested = node.int("output_dtype").flatMap { Int32(exactly: $0) }
      .flatMap { ElementType(rawValue: $0) }
    let type = node.input(2).flatMap { types[$0] } ?? requested ?? .uint8
    types[output] = type
    guard node.inputs.count > 1, let scale = graph.constant(node.inputs[1]),
      scale.elementCount == 1
    else { return }
    meanings[output] = CodeOperand(
      codes: output, scale: node.inputs[1], zeroPoint: node.input(2) ?? "")
  }

  // What is known.

  func type(of operand: CodeOperand) -> ElementType? {
    types[operand.zeroPoint] ?? types[operand.codes]
  }

  func type(of value: String) -> ElementType? { types[value] }

  func rank(of value: String) -> Int? { ranks[value] }

  func meaning(of codes: String) -> CodeOperand? { meanings[codes] }

  func constant(_ name: String) -> Tensor? { graph.constant(name) }

  // Writing.

  mutating func append(_ node: Node) { nodes.append(node) }

  mutating func makeNodeID() -> Node.ID { graph.makeNodeID() }

  mutating func addConstant(_ base: String, _ tensor: Tensor) -> String {
    let name = names.unique(base)
    graph.initializers[name] = Initializer(tensor)
    types[name] = tensor.elementType
    ranks[name] = tensor.shape.rank
    return name
  }

  /// A node beside the main one of `source`, under its name; its output gets a new name.
  mutating func add(
    _ name: String, for source: Node, _ inputs: [String], _ attributes: [String: Attribute] = [:],
    output base: String
  ) -> String {
    let output = names.unique(base)
    nodes.append(
      Node(
        id: graph.makeNodeID(), name: source.name, operatorName: OperatorName(name),
        attributes: attributes, inputs: inputs, outputs: [output]))
    return output
  }

  /// The real value of codes.
  mutating func dequantized(
    _ operand: CodeOperand, for node: Node, _ attributes: [String: Attribute] = [:]
  ) -> String {
    var inputs = [operand.codes, operand.scale]
    if !operand.zeroPoint.isEmpty { inputs.append(operand.zeroPoint) }
    return add(
      "DequantizeLinear", for: node, inputs, attributes,
      output: realName(of: operand.codes) + "_dequantized")
  }

  /// The node itself, computing on real values.
  mutating func compute(
    _ node: Node, as name: String, _ inputs: [String], _ attributes: [String: Attribute] = [:],
    outputs: [String]
  ) {
    var main = node
    main.operatorName = OperatorName(name)
    main.attributes = attributes
    main.inputs = inputs
    main.outputs = outputs
    nodes.append(main)
  }

  /// A name for the real value that becomes `codes`: what a quantizer of models derived it from,
  /// so that it is found again in the float model.
  mutating func claimReal(of codes: String) -> String { names.unique(realName(of: codes)) }

  private func realName(of codes: String) -> String {
    let suffix = "_quantized"
    return codes.hasSuffix(suffix) && codes.count > suffix.count
      ? String(codes.dropLast(suffix.count)) : codes + "_real"
  }

  mutating func quantize(_ real: String, to operand: CodeOperand, for node: Node) {
    nodes.append(
      Node(
        id: graph.makeNodeID(), name: node.name, operatorName: OperatorName("QuantizeLinear"),
        inputs: [real, operand.scale, operand.zeroPoint], outputs: [operand.codes]))
    types[operand.codes] = types[operand.zeroPoint]
    meanings[operand.codes] = operand
  }
}

/// Codes with their scale and zero point, by name; an empty zero point is zero.
struct CodeOperand {
  var codes: String
  var scale: String
  var zeroPoint: String
}

/// Why a node cannot be spelled out.
struct CodeRefusal: Error { let reason: String }

extension CodeExpansion {
  /// The codes, scale and zero point at `index` and behind it.
  func operand(_ node: Node, _ index: Int) throws(CodeRefusal) -> CodeOperand {
    guard let codes = node.input(index), let scale = node.input(index + 1) else {
      throw CodeRefusal(reason: "input \(index) or its scale is missing")
    }
    return CodeOperand(codes: codes, scale: scale, zeroPoint: node.input(index + 2) ?? "")
  }

  /// The output's codes with the scale at `index`. Where the node leaves the zero point out, codes
  /// are of the type that the inputs have.
  mutating func result(
    _ node: Node, scaleAt index: Int, like type: ElementType?
  ) throws(CodeRefusal) -> CodeOperand {
    guard let scale = node.input(index), let codes = node.outputs.first, !codes.isEmpty else {
      throw CodeRefusal(reason: "the scale of its output is missing")
    }
    if let zeroPoint = node.input(index + 1) {
      return CodeOperand(codes: codes, scale: scale, zeroPoint: zeroPoint)
    }
    guard let type else {
      throw CodeRefusal(reason: "the type of its codes cannot be told without zero points")
    }
    return CodeOperand(
      codes: codes, scale: scale,
      zeroPoint: addConstant(codes + "_zero_point", Tensor(type, shape: .scalar)))
  }

  /// The node as `name` on `inputs`, between transpositions where channels come last.
  /// - Parameter rank: of the first input, where it is known.
  mutating func compute(
    _ node: Node, as name: String, _ inputs: [String], _ attributes: [String: Attribute],
    into result: CodeOperand, channelsLast: Bool, rank: Int?
  ) throws(CodeRefusal) {
    guard channelsLast else { return compute(node, as: name, inputs, attributes, into: result) }
    guard let rank, rank > 2 else {
      throw CodeRefusal(reason: "channels come last of a number of axes that is not known")
    }
    let spatial = (1..<Int64(rank - 1)).map { $0 }
    var inputs = inputs
    inputs[0] = add(
      "Transpose", for: node, [inputs[0]], ["perm": .ints([0, Int64(rank - 1)] + spatial)],
      output: inputs[0] + "_nchw")
    let made = claimReal(of: result.codes + "_nchw")
    compute(node, as: name, inputs, attributes, outputs: [made])
    let last = add(
      "Transpose", for: node, [made], ["perm": .ints([0] + spatial.map { $0 + 1 } + [1])],
      output: result.codes + "_real")
    quantize(last, to: result, for: node)
  }

  /// The node as `name` on `inputs`, and its output quantized.
  mutating func compute(
    _ node: Node, as name: String, _ inputs: [String], _ attributes: [String: Attribute] = [:],
    into result: CodeOperand
  ) {
    let real = claimReal(of: result.codes)
    compute(node, as: name, inputs, attributes, outputs: [real])
    quantize(real, to: result, for: node)
  }
}
