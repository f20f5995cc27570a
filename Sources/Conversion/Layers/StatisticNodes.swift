import Graphs
import Tensors

/// Elementwise nodes that compute a statistic of other values, or normalize by one: the mean and
/// variance of a normalization, the sum of a softmax, spelled out operator by operator.
///
/// A statistic has few elements, so that codes would save nothing, and spans orders of magnitude,
/// so that one scale would spoil all that is divided by it.
struct StatisticNodes {
  private(set) var nodes: Set<Node.ID> = []

  static let reason = "it computes or applies a statistic, such as a mean or a variance"

  private static let moving: Set<String> = [
    "Reshape", "Expand", "Squeeze", "Unsqueeze", "Transpose", "Identity", "Cast", "Flatten", "Tile",
  ]

  init(_ graph: Graph, _ facts: ValueFacts, _ index: GraphIndex) {
    var statistics: Set<String> = []
    for node in graph.nodes where node.operatorName.domain.isEmpty && !node.outputs.isEmpty {
      let name = node.operatorName.name
      let inputs = node.inputs.filter(facts.activations.contains)
      if Self.isReduction(name) {
        statistics.insert(node.outputs[0])
      } else if Self.moving.contains(name) {
        if let input = node.input(0), statistics.contains(input) {
          statistics.insert(node.outputs[0])
        }
      } else if Self.isElementwise(name), inputs.contains(where: statistics.contains) {
        nodes.insert(node.id)
        if inputs.allSatisfy(statistics.contains) { statistics.insert(node.outputs[0]) }
      }
    }
    for node in graph.nodes.reversed() where Self.isSummand(node, graph) {
      let readers = index.consumers(of: node.outputs[0])
      let isOnlySummed =
        !readers.isEmpty && !index.isGraphOutput(node.outputs[0])
        && readers.allSatisfy {
          Self.isReduction($0.operatorName.name) || nodes.contains($0.id)
        }
      if isOnlySummed { nodes.insert(node.id) }
    }
  }

  private static func isReduction(_ name: String) -> Bool { name.hasPrefix("Reduce") }

  private static func isElementwise(_ name: String) -> Bool {
    OperatorTraits.pointwise.contains(name) || OperatorTraits.arithmetic.contains(name)
  }

  /// What is added up for a variance, or for a softmax.
  private static func isSummand(_ node: Node, _ graph: Graph) -> Bool {
    guard node.operatorName.domain.isEmpty, node.outputs.count == 1 else { return false }
    switch node.operatorName.name {
    case "Exp": return true
    case "Mul": return node.input(0) == node.input(1)
    case "Pow":
      return node.input(1).flatMap(graph.constant).map {
        $0.elementType == .float32 && $0.floats == [2]
      } ?? false
    default: return false
    }
  }
}
