internal import Conversion
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
  static func names(in graph: Graph) -> Set<String> { names(in: graph) { _ in true } }

  /// Those that the nodes of some layers read; a normalization that is trained by itself goes with
  /// the layer in front of it.
  /// - Throws: ``TrainingError/unknownLayer(name:)``, or ``TrainingError/noWeights(layers:)``.
  static func names(
    in graph: Graph, of chosen: [String], among layers: LayerGraph
  ) throws(TrainingError) -> Set<String> {
    if let unknown = chosen.first(where: { layers[$0] == nil }) {
      throw .unknownLayer(name: unknown)
    }
    let wanted = Set(chosen)
    var makers: [String: Node.ID] = [:]
    for node in graph.nodes { for output in node.outputs { makers[output] = node.id } }
    let names = names(in: graph) { node in
      let before = node.input(0).flatMap { makers[$0] }
      let layer =
        layers.layer(containing: node.id) ?? before.flatMap { layers.layer(containing: $0) }
      return layer.map { wanted.contains($0.id) } ?? false
    }
    guard !names.isEmpty else { throw .noWeights(layers: chosen) }
    return names
  }

  private static func names(in graph: Graph, where isChosen: (Node) -> Bool) -> Set<String> {
    var names: Set<String> = []
    for node in graph.nodes where node.operatorName.domain.isEmpty && isChosen(node) {
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
