import Graphs
import OrderedCollections
import Tensors

/// Graphs in a few lines: `["x"] → … → ["y"]`.
struct GraphBuilder {
  var graph = Graph(name: "test")

  init(inputs: [String] = ["x"], outputs: [String] = ["y"]) {
    graph.inputs = inputs.map {
      ValueDeclaration(name: $0, elementType: .float32, dimensions: nil)
    }
    graph.outputs = outputs.map {
      ValueDeclaration(name: $0, elementType: .float32, dimensions: nil)
    }
  }

  mutating func constant<Element: TensorElement>(
    _ name: String, _ values: [Element], _ shape: Shape? = nil
  ) {
    graph.initializers[name] = Initializer(Tensor(values, shape: shape))
  }

  mutating func scalar(_ name: String, _ value: Float) { constant(name, [value], .scalar) }

  @discardableResult
  mutating func node(
    _ name: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: Attribute] = [:]
  ) -> Node.ID {
    graph.append(OperatorName(name), inputs: inputs, outputs: outputs, attributes: attributes)
  }
}

extension Graph {
  var operators: [String] { nodes.map(\.operatorName.name) }

  func floats(_ name: String) -> [Float]? { constant(name)?.floats }
}
