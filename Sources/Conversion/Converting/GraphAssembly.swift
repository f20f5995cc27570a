import Graphs
import OrderedCollections
import Quantization
import Tensors

/// A graph being rewritten: nodes in a new order, constants and names that clash with nothing.
struct GraphAssembly {
  private(set) var graph: Graph
  private(set) var nodes: [Node] = []
  private var names: NameAllocator
  /// Constants that several nodes may ask for, by the name they asked for.
  private var shared: [String: [(name: String, tensor: Tensor)]] = [:]

  init(_ graph: Graph) {
    self.graph = graph
    names = NameAllocator(graph, firstNumber: 2)
  }

  /// For a graph inside a node of the one that `outer` writes, whose names it shares.
  private init(_ graph: Graph, within outer: GraphAssembly) {
    self.graph = graph
    names = outer.names
  }

  /// Writes a graph inside a node of this one.
  mutating func inside(_ graph: Graph, _ write: (inout GraphAssembly) -> Void) -> Graph {
    var inner = GraphAssembly(graph, within: self)
    write(&inner)
    names = inner.names
    return inner.finished()
  }

  /// `base`, or `base` with a number when it is taken.
  mutating func claim(_ base: String) -> String { names.unique(base) }

  mutating func addConstant(_ base: String, _ tensor: Tensor) -> String {
    let name = claim(base)
    graph.initializers[name] = Initializer(tensor)
    return name
  }

  /// The same, or the constant of the same base and elements that is there already.
  mutating func addSharedConstant(_ base: String, _ tensor: Tensor) -> String {
    if let known = shared[base]?.first(where: { $0.tensor == tensor }) { return known.name }
    let name = addConstant(base, tensor)
    shared[base, default: []].append((name, tensor))
    return name
  }

  /// Adds a node of the original graph, with its id.
  mutating func add(_ node: Node) { nodes.append(node) }

  /// Adds a copy of `node` under a new id.
  mutating func addCopy(_ node: Node) {
    nodes.append(
      Node(
        id: graph.makeNodeID(), name: node.name, operatorName: node.operatorName,
        attributes: node.attributes, inputs: node.inputs, outputs: node.outputs))
  }

  mutating func add(
    _ name: String, inputs: [String], output: String, attributes: [String: Attribute] = [:]
  ) {
    nodes.append(node(name, inputs: inputs, outputs: [output], attributes: attributes))
  }

  /// A new node, for a place among other nodes.
  mutating func node(
    _ name: String, inputs: [String], outputs: [String], attributes: [String: Attribute] = [:]
  ) -> Node {
    Node(
      id: graph.makeNodeID(), name: outputs[0] + "_" + name, operatorName: OperatorName(name),
      attributes: attributes, inputs: inputs, outputs: outputs)
  }

  /// Rounds `real` to codes and back.
  mutating func addRounding(
    of real: String, edge: String, parameters: QuantizationParameters, to place: EdgePlace
  ) {
    nodes += rounding(of: real, edge: edge, parameters: parameters, to: place)
  }

  /// The two nodes of a rounding, for a place among other nodes.
  mutating func rounding(
    of real: String, edge: String, parameters: QuantizationParameters, to place: EdgePlace
  ) -> [Node] {
    let scale = addConstant(edge + "_scale", .scalar(parameters.scale))
    let zeroPoint = addConstant(edge + "_zero_point", parameters.zeroPointTensor)
    return [
      node("QuantizeLinear", inputs: [real, scale, zeroPoint], outputs: [place.codes]),
      node(
        "DequantizeLinear", inputs: [place.codes, scale, zeroPoint], outputs: [place.dequantized]),
    ]
  }

  /// The finished graph: unused constants and declarations of values that are gone are dropped.
  func finished() -> Graph {
    var graph = graph
    graph.replaceNodes(with: nodes)
    var used = Set(graph.outputs.map(\.name))
    for node in nodes {
      used.formUnion(node.inputs)
      used.formUnion(node.capturedNames)
    }
    let made = Set(nodes.flatMap(\.outputs))
    graph.initializers.removeAll { !used.contains($0.key) }
    graph.declarations.removeAll { !made.contains($0.key) }
    return graph
  }
}

extension QuantizationParameters {
  /// The zero point as ONNX stores it; its type is the type of the codes, of 8 bits at least.
  var zeroPointTensor: Tensor {
    switch range.type {
    case .quint8, .quint4: .scalar(UInt8(clamping: zeroPoint))
    case .qint8, .qint4: .scalar(Int8(clamping: zeroPoint))
    }
  }

  /// The same map over every code its type has, which is where QuantizeLinear clamps.
  var overFullRange: QuantizationParameters {
    QuantizationParameters(scale: scale, zeroPoint: zeroPoint, range: range.type.fullRange)
  }
}

extension Clamp {
  /// Whether rounding with `parameters` gives the same code with and without this clamp, for every
  /// real value.
  func isImplied(by parameters: QuantizationParameters) -> Bool {
    let map = parameters.overFullRange
    return map.quantizeLinear(lower) == map.range.lowest
      && map.quantizeLinear(upper) == map.range.highest
  }
}
