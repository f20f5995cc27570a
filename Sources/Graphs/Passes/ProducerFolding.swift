/// One walk over a graph, in its order, in which nodes are folded into the nodes that feed them.
/// Keeps its own count of uses up to date, so that a chain folds in one walk of linear time.
struct ProducerFolding {
  private(set) var nodes: [Node]
  private var isRemoved: [Bool]
  private var producers: [String: Int]
  private var useCounts: [String: Int]
  /// What stands for a value whose node was bypassed.
  private var standIns: [String: String] = [:]

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

  /// Removes the node at `consumer` and lets the one at `producer`, whose output `value` it alone
  /// read, make its first result, under the result's name.
  mutating func fold(_ consumer: Int, into producer: Int, reading value: String) {
    let result = nodes[consumer].outputs[0]
    isRemoved[consumer] = true
    for input in nodes[consumer].inputs { useCounts[input, default: 0] -= 1 }
    producers[value] = nil
    for slot in nodes[producer].outputs.indices where nodes[producer].outputs[slot] == value {
      nodes[producer].outputs[slot] = result
    }
    producers[result] = producer
  }

  /// Removes the node at `position` and lets everything that used its first result use `source`,
  /// its input. Nodes behind it learn of that when the walk comes to them, by `visit`.
  mutating func bypass(_ position: Int, for source: String) {
    let result = nodes[position].outputs[0]
    isRemoved[position] = true
    for input in nodes[position].inputs { useCounts[input, default: 0] -= 1 }
    useCounts[source, default: 0] += useCount(of: result)
    standIns[result] = source
  }

  /// The node at `position`, reading what stands for values that are gone.
  mutating func visit(_ position: Int) -> Node {
    guard !standIns.isEmpty else { return nodes[position] }
    for (slot, input) in nodes[position].inputs.enumerated() {
      if let source = standIns[input] { nodes[position].inputs[slot] = source }
    }
    if !nodes[position].attributes.isEmpty {
      for name in nodes[position].capturedNames {
        if let source = standIns[name] { nodes[position].renameCaptures(of: name, to: source) }
      }
    }
    return nodes[position]
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
