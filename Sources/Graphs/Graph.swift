package import OrderedCollections
package import Tensors

/// Operators and the values between them. Values are known by their names, which ONNX keeps unique
/// within a graph; a subgraph also sees the names of the graphs around it.
package struct Graph: Sendable, Equatable {
  package var name: String
  package var documentation: String
  /// In an order in which every value is made before it is used.
  package private(set) var nodes: [Node]
  package var inputs: [ValueDeclaration]
  package var outputs: [ValueDeclaration]
  /// Declarations of inner values, in the file's order.
  package var declarations: OrderedDictionary<String, ValueDeclaration>
  package var initializers: OrderedDictionary<String, Initializer>
  /// Constants that only `unknownFields` hold, known by name so that uses of them are defined.
  package var sparseInitializerNames: [String]
  /// Encoded fields this version does not interpret (quantization annotations, sparse
  /// initializers, metadata), written back as they were.
  package var unknownFields: [UInt8]
  private var nextID: Int64

  package init(name: String = "", documentation: String = "") {
    self.name = name
    self.documentation = documentation
    nodes = []
    inputs = []
    outputs = []
    declarations = [:]
    initializers = [:]
    sparseInitializerNames = []
    unknownFields = []
    nextID = 0
  }

  /// A node id this graph has never used.
  package mutating func makeNodeID() -> Node.ID {
    defer { nextID += 1 }
    return Node.ID(rawValue: nextID)
  }

  /// Adds a node at the end.
  @discardableResult
  package mutating func append(
    _ operatorName: OperatorName, name: String = "", inputs: [String], outputs: [String],
    attributes: [String: Attribute] = [:]
  ) -> Node.ID {
    let id = makeNodeID()
    nodes.append(
      Node(
        id: id, name: name, operatorName: operatorName, attributes: attributes, inputs: inputs,
        outputs: outputs))
    return id
  }

  /// Puts `nodes` in place of all nodes.
  /// - Precondition: ids are unique and were made by this graph's `makeNodeID()`.
  package mutating func replaceNodes(with nodes: [Node]) {
    var seen = Set<Node.ID>()
    for node in nodes {
      precondition(seen.insert(node.id).inserted, "node id \(node.id) twice")
      precondition(node.id.rawValue < nextID, "node id \(node.id) is foreign")
    }
    self.nodes = nodes
  }

  /// Gives the nodes ids, now and later, that graphs with other numbers do not give.
  mutating func renumberNodes(asGraph number: Int64) {
    let base = number << 32
    nodes = nodes.enumerated().map { index, node in
      Node(node, id: Node.ID(rawValue: base + Int64(index)))
    }
    nextID = base + Int64(nodes.count)
  }

  /// Changes one node in place.
  package mutating func updateNode(at index: Int, _ change: (inout Node) -> Void) {
    let id = nodes[index].id
    change(&nodes[index])
    precondition(nodes[index].id == id, "a node keeps its id")
  }

  package func constant(_ name: String) -> Tensor? { initializers[name]?.tensor }
}

/// An ONNX file: a graph and what surrounds it.
package struct Model: Sendable, Equatable {
  package var irVersion: Int64
  /// Opset version by domain; the empty domain is `ai.onnx`.
  package var opsets: OrderedDictionary<String, Int64>
  package var producerName: String
  package var producerVersion: String
  package var domain: String
  package var modelVersion: Int64
  package var documentation: String
  package var metadata: OrderedDictionary<String, String>
  package var graph: Graph
  /// Operators that the model defines itself, in the file's order.
  package var functions: [LocalFunction]
  /// Encoded fields this version does not interpret (training info), kept as they were.
  package var unknownFields: [UInt8]

  package init(graph: Graph, opset: Int64 = 17, irVersion: Int64 = 8) {
    self.irVersion = irVersion
    opsets = ["": opset]
    producerName = "octet"
    producerVersion = ""
    domain = ""
    modelVersion = 0
    documentation = ""
    metadata = [:]
    self.graph = graph
    functions = []
    unknownFields = []
  }

  /// The `ai.onnx` opset.
  package var opset: Int64 { opsets[""] ?? 1 }
}
