/// Who makes and who uses each value of a graph. A snapshot: make a new one after a change.
package struct GraphIndex: Sendable {
  private let nodes: [Node]
  private let positions: [Node.ID: Int]
  private let producers: [String: Int]
  private let consumerPositions: [String: [Int]]
  private let useCounts: [String: Int]
  private let captured: Set<String>
  private let outputs: Set<String>

  /// Complexity: linear in the number of inputs and outputs of all nodes.
  package init(_ graph: Graph) {
    var positions: [Node.ID: Int] = [:]
    var producers: [String: Int] = [:]
    var consumers: [String: [Int]] = [:]
    var uses: [String: Int] = [:]
    var captured = Set<String>()
    for (position, node) in graph.nodes.enumerated() {
      positions[node.id] = position
      for output in node.outputs where !output.isEmpty { producers[output] = position }
      let captures = node.attributes.isEmpty ? [] : node.capturedNames
      captured.formUnion(captures)
      for value in node.inputs + captures where !value.isEmpty {
        uses[value, default: 0] += 1
        if consumers[value]?.last != position { consumers[value, default: []].append(position) }
      }
    }
    for output in graph.outputs { uses[output.name, default: 0] += 1 }
    nodes = graph.nodes
    self.positions = positions
    self.producers = producers
    consumerPositions = consumers
    useCounts = uses
    self.captured = captured
    outputs = Set(graph.outputs.map(\.name))
  }

  /// `nil` for inputs, initializers and values of surrounding graphs.
  package func producer(of value: String) -> Node? { producers[value].map { nodes[$0] } }

  package func producerPosition(of value: String) -> Int? { producers[value] }

  /// Each node that uses `value`, itself or in a subgraph, once and in graph order.
  package func consumers(of value: String) -> [Node] {
    consumerPositions[value, default: []].map { nodes[$0] }
  }

  /// How often `value` is used: as an input of a node, by a subgraph, as an output of the graph.
  package func useCount(of value: String) -> Int { useCounts[value, default: 0] }

  /// The node that uses `value` when nothing else does: no other input, subgraph or graph output.
  package func soleConsumer(of value: String) -> Node? {
    guard useCount(of: value) == 1, !captured.contains(value) else { return nil }
    return consumerPositions[value]?.first.map { nodes[$0] }
  }

  package func isGraphOutput(_ value: String) -> Bool { outputs.contains(value) }

  /// Whether a subgraph uses `value`.
  package func isCaptured(_ value: String) -> Bool { captured.contains(value) }

  /// The node's place in `graph.nodes`.
  package func position(of id: Node.ID) -> Int? { positions[id] }

  package func node(_ id: Node.ID) -> Node? { positions[id].map { nodes[$0] } }
}
