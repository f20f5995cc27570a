import OrderedCollections
import Quantization

/// Which layers read and make rounded values, and which edges carry them.
struct Placement {
  private(set) var int8Layers: Set<Layer.ID> = []
  private(set) var quantizedEdges: Set<String> = []
  private let graph: LayerGraph

  /// - Parameter allowsInt8: what the recipe says of a layer; asked of layers that can be int8.
  init(_ graph: LayerGraph, _ placement: RoundingPlacement, allowsInt8: (Layer) -> Bool) {
    self.graph = graph
    for layer in graph.layers where allowsInt8(layer) {
      let isRounded = placement == .operators && layer.isRoundedInFloat
      if layer.role == .quantizable || isRounded { int8Layers.insert(layer.id) }
    }
    let movers = graph.layers.filter { $0.role == .passThrough && allowsInt8($0) }
    if placement == .layers { placeBeforeConsumers(movers) }
    placeBehindProducers(movers)
    for edge in graph.edges.values where !staysReal(edge, placement) {
      let ends = edge.consumers + [edge.producer].compactMap { $0 }
      if ends.contains(where: int8Layers.contains) { quantizedEdges.insert(edge.name) }
    }
  }

  /// Products of matrices make reals as fast as codes, so those that are only added up in float are
  /// not rounded.
  private func staysReal(_ edge: Edge, _ placement: RoundingPlacement) -> Bool {
    guard placement == .layers, !edge.isGraphOutput, !edge.consumers.isEmpty,
      let producer = edge.producer.flatMap({ graph[$0] }), producer.weight != nil,
      ["MatMul", "Gemm"].contains(producer.operatorType)
    else { return false }
    return edge.consumers.allSatisfy { id in
      !int8Layers.contains(id) && graph[id]?.isResidual ?? false
    }
  }

  /// Quantizing early is exact when all that reads a moved value wants codes, and cheaper.
  private mutating func placeBeforeConsumers(_ movers: [Layer]) {
    for layer in movers.reversed() {
      let edges = layer.outputs.compactMap { graph.edges[$0] }
      let readers = edges.flatMap(\.consumers)
      let isWanted =
        !readers.isEmpty && readers.allSatisfy(int8Layers.contains)
        && !edges.contains(where: \.isGraphOutput)
      if isWanted { int8Layers.insert(layer.id) }
    }
  }

  /// Codes that exist are moved as codes.
  private mutating func placeBehindProducers(_ movers: [Layer]) {
    for layer in movers {
      let producers = layer.inputs.map { graph.edges[$0]?.producer }
      let haveCodes = producers.allSatisfy { $0.map(int8Layers.contains) ?? false }
      if haveCodes { int8Layers.insert(layer.id) }
    }
  }
}
