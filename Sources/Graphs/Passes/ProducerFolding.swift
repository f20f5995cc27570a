/// One walk over a graph in which nodes are folded into the nodes that feed them. Keeps its own
/// count of uses up to date, so that a chain folds in one walk.
struct ProducerFolding {
  private(set) var nodes: [Node]
  private var isRemoved: [Bool]
  private var producers: [String: Int]
  private var useCounts: [String: Int]

  init(_ graph: Graph) {
    let index = GraphIndex(graph)
    nodes = graph.nodes
    isRemoved = Array(repeating: false, count: nodes.count)
    producers = [:]
    useCounts = [:]
    for (position, node) in nodes.enumerated() {
      for output in node.outputs where !output.isEmpty {
        producers[output] = position
        useCounts[output] = index.useCount(of: output)
      }
      for input in node.inputs where !input.isEmpty {
        useCounts[input] = index.useCount(of: input)
      }
    }
  }

  /// The position of the node that makes `value`, when its consumer is the only use.
  func soleProducer(of value: String) -> Int? {
    useCounts[value] == 1 ? producers[value] : nil
  }

  func useCount(of value: String) -> Int { useCounts[value, default: 0] }

  /// Removes the node at `consumer` and lets the one at `producer`, whose first output it read,
  /// make its result, under the result's name.
  mutating func fold(_ consumer: Int, into producer: Int) {
    let result = nodes[consumer].outputs[0]
    isRemoved[consumer] = true
    for input in nodes[consumer].inputs { useCounts[input, default: 0] -= 1 }
    producers[nodes[producer].outputs[0]] = nil
    nodes[producer].outputs[0] = result
    producers[result] = producer
  }

  mutating func setInput(_ slot: Int, of position: Int, to name: String) {
    let missing = slot + 1 - nodes[position].inputs.count
    if missing > 0 { nodes[position].inputs += Array(repeating: "", count: missing) }
    useCounts[nodes[position].inputs[slot], default: 0] -= 1
    nodes[position].inputs[slot] = name
    useCounts[name, default: 0] += 1
  }

  var remaining: [Node] { nodes.indices.filter { !isRemoved[$0] }.map { nodes[$0] } }
}
