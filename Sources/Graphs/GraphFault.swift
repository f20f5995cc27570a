/// Why a graph is not one that can be computed.
package enum GraphFault: Error, Equatable, Sendable, CustomStringConvertible {
  case valueMadeTwice(value: String, node: String)
  case inputDeclaredTwice(value: String)
  case undefinedInput(value: String, node: String)
  case undefinedOutput(value: String)
  /// Nodes that wait for each other, in part.
  case cycle(nodes: [String])
  /// A node stands before the one that makes its input.
  case outOfOrder(value: String, node: String)
  case nodeWithoutOutputs(node: String)

  package var description: String {
    switch self {
    case .valueMadeTwice(let value, let node):
      "Node \(node) makes the value '\(value)', which the graph already has. "
        + "Every value must have one source; export the model again."
    case .inputDeclaredTwice(let value):
      "The graph declares its input '\(value)' twice. Export the model again."
    case .undefinedInput(let value, let node):
      "Node \(node) reads '\(value)', which no node, input or initializer makes. "
        + "The model is incomplete; export it again."
    case .undefinedOutput(let value):
      "The graph's output '\(value)' is made by nothing. The model is incomplete; export it again."
    case .cycle(let nodes):
      "The graph has a cycle through " + nodes.joined(separator: ", ")
        + ". ONNX graphs must be acyclic; loops are written with Loop or Scan."
    case .outOfOrder(let value, let node):
      "Node \(node) reads '\(value)' before it is made."
    case .nodeWithoutOutputs(let node):
      "Node \(node) has no output."
    }
  }
}

extension Node {
  /// How messages speak of this node: its name, or else what it is and makes.
  package var label: String {
    if !name.isEmpty { return "'\(name)'" }
    let output = outputs.first { !$0.isEmpty } ?? ""
    return output.isEmpty ? "\(operatorName)" : "\(operatorName) → '\(output)'"
  }
}
