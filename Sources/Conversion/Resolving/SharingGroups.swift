import OrderedCollections
import Quantization

/// Edges that must have the same scale and zero point because codes move between them unchanged.
struct SharingGroups {
  private var parents: [String: String] = [:]
  /// By the root of a group: the edge whose statistics speak for all.
  private var speakers: [String: String] = [:]
  private var members: [String: [String]] = [:]

  init(_ graph: LayerGraph, _ placement: RoundingPlacement, int8Layers: Set<Layer.ID>) {
    let movers = graph.layers.filter {
      int8Layers.contains($0.id) && Self.keepsParameters($0, placement)
    }
    for layer in movers {
      for value in layer.inputs + layer.outputs { join(value, layer.output) }
    }
    for edge in graph.edges.keys { members[root(of: edge), default: []].append(edge) }
    // A join covers all of its inputs; without one, everything stems from the first edge.
    for (root, edges) in members { speakers[root] = edges[0] }
    for layer in movers where layer.operatorType == "Concat" {
      speakers[root(of: layer.output)] = layer.output
    }
  }

  private static func keepsParameters(_ layer: Layer, _ placement: RoundingPlacement) -> Bool {
    switch placement {
    case .layers: layer.role == .passThrough
    case .operators:
      layer.operatorType == "AveragePool"
        || (layer.role == .passThrough && layer.operatorType != "Concat")
    }
  }

  /// The edge whose statistics decide for `edge`.
  func representative(of edge: String) -> String { speakers[root(of: edge)] ?? edge }

  /// Every edge with the parameters of `edge`, in model order.
  func group(of edge: String) -> [String] { members[root(of: edge)] ?? [edge] }

  private func root(of edge: String) -> String {
    var root = edge
    while let parent = parents[root] { root = parent }
    return root
  }

  private mutating func join(_ left: String, _ right: String) {
    let a = root(of: left)
    let b = root(of: right)
    if a != b { parents[a] = b }
  }
}
