internal import OrderedCollections
internal import Tensors

/// What can be said about values without running the model: enough to tell what an old operator
/// meant.
struct ValueFacts {
  private(set) var ranks: [String: Int]
  private var elementTypes: [String: ElementType] = [:]
  private let used: Set<String>

  init(_ graph: Graph, enclosing: [String: Int]) {
    ranks = enclosing
    for (name, initializer) in graph.initializers {
      ranks[name] = initializer.tensor.shape.rank
      elementTypes[name] = initializer.tensor.elementType
    }
    for declaration in graph.inputs + graph.outputs + graph.declarations.values {
      if let dimensions = declaration.dimensions { ranks[declaration.name] = dimensions.count }
      if let type = declaration.elementType { elementTypes[declaration.name] = type }
    }
    var used = Set(graph.outputs.map(\.name))
    for node in graph.nodes {
      used.formUnion(node.inputs)
      if !node.attributes.isEmpty { used.formUnion(node.capturedNames) }
    }
    self.used = used
  }

  func rank(of value: String?) -> Int? { value.flatMap { ranks[$0] } }

  func isUsed(_ value: String) -> Bool { used.contains(value) }

  /// The type of the node's data: what the file declares of its first input or output, otherwise
  /// float32, which nearly every model has.
  func elementType(of node: Node) -> ElementType {
    node.input(0).flatMap { elementTypes[$0] } ?? node.outputs.first.flatMap { elementTypes[$0] }
      ?? .float32
  }

  /// Learns the rank of what `node` makes, where its operator tells.
  mutating func note(_ node: Node, in graph: Graph) {
    guard node.operatorName.domain.isEmpty, let output = node.outputs.first, ranks[output] == nil
    else { return }
    switch node.operatorName.name {
    case "Constant":
      ranks[output] = node.constantValue?.shape.rank
    case "Gemm", "Flatten":
      ranks[output] = 2
    case "Conv", "ConvTranspose":
      ranks[output] = rank(of: node.input(0)) ?? rank(of: node.input(1))
    case "Reshape":
      let target = node.input(1).flatMap { graph.constant($0) }
      ranks[output] = target.map(\.elementCount)
    case "Relu", "LeakyRelu", "PRelu", "Sigmoid", "Tanh", "Clip", "Identity", "Dropout", "Cast",
      "BatchNormalization", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool",
      "Concat", "Transpose", "Pad", "Slice", "Softmax", "LogSoftmax", "LRN", "Elu", "Selu":
      ranks[output] = rank(of: node.input(0))
    case "Add", "Sub", "Mul", "Div":
      if let left = rank(of: node.input(0)), let right = rank(of: node.input(1)) {
        ranks[output] = max(left, right)
      }
    case "MatMul":
      if let left = rank(of: node.input(0)), let right = rank(of: node.input(1)), left > 1,
        right > 1
      {
        ranks[output] = max(left, right)
      }
    default: break
    }
  }
}
