internal import Graphs
internal import Tensors

/// The constants that training changes unless told otherwise: weights and biases.
enum TrainableConstants {
  /// Which inputs of an operator are weights.
  private static let inputs: [String: [Int]] = [
    "Conv": [1, 2], "ConvTranspose": [1, 2], "Gemm": [1, 2], "MatMul": [0, 1],
    "BatchNormalization": [1, 2], "LayerNormalization": [1, 2], "LSTM": [1, 2, 3],
    "GRU": [1, 2, 3], "Add": [0, 1], "PRelu": [1],
  ]

  /// An addend counts when it is a vector: a bias.
  static func names(in graph: Graph) -> Set<String> {
    var names: Set<String> = []
    for node in graph.nodes where node.operatorName.domain.isEmpty {
      for index in inputs[node.operatorName.name] ?? [] {
        guard let name = node.input(index), let tensor = graph.constant(name),
          tensor.elementType == .float32, tensor.elementCount > 0
        else { continue }
        if node.is("Add"), tensor.elementCount < 2 || tensor.shape.rank != 1 { continue }
        names.insert(name)
      }
    }
    return names
  }
}
