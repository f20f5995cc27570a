internal import OrderedCollections

extension Graph {
  /// Checks that every value is made once, before it is used, in this graph and its subgraphs.
  ///
  /// A subgraph may repeat a name of the graph around it, as files in the wild do; its own value
  /// is then meant. `enclosing` are the values that surrounding graphs define.
  package func validate(enclosing: Set<String> = []) throws(GraphFault) {
    var known = try sourceNames()
    for node in nodes {
      for input in node.inputs
      where !input.isEmpty && !known.contains(input) && !enclosing.contains(input) {
        if let later = nodes.first(where: { $0.outputs.contains(input) }) {
          throw later.id == node.id
            ? .cycle(nodes: [node.label]) : .outOfOrder(value: input, node: node.label)
        }
        throw .undefinedInput(value: input, node: node.label)
      }
      let bodies = node.attributes.isEmpty ? [] : node.subgraphs
      if !bodies.isEmpty {
        let visible = known.union(enclosing)
        for body in bodies { try body.validate(enclosing: visible) }
      }
      try node.define(in: &known)
    }
    for output in outputs where !known.contains(output.name) && !enclosing.contains(output.name) {
      throw .undefinedOutput(value: output.name)
    }
  }

  /// The values that are there before the first node.
  private func sourceNames() throws(GraphFault) -> Set<String> {
    var names = Set<String>()
    for input in inputs {
      guard names.insert(input.name).inserted else { throw .inputDeclaredTwice(value: input.name) }
    }
    names.formUnion(initializers.keys)
    names.formUnion(sparseInitializerNames)
    return names
  }

  /// Puts the nodes, also those of subgraphs, into an order in which every value is made before it
  /// is used. Nodes that need not move keep their order.
  /// - Returns: whether anything moved.
  @discardableResult
  package mutating func sortNodes(enclosing: Set<String> = []) throws(GraphFault) -> Bool {
    var known = try sourceNames()
    var makers: [String: Int] = [:]
    for (position, node) in nodes.enumerated() {
      try node.define(in: &known)
      for output in node.outputs where !output.isEmpty { makers[output] = position }
    }

    // A node is ready when everything it waits for is placed; of the ready ones the first goes.
    var waiting = [Int](repeating: 0, count: nodes.count)
    var followers = [[Int]](repeating: [], count: nodes.count)
    for (position, node) in nodes.enumerated() {
      let needed = Set(node.inputs).union(node.attributes.isEmpty ? [] : node.capturedNames)
      for maker in Set(needed.compactMap { makers[$0] }) {
        waiting[position] += 1
        followers[maker].append(position)
      }
    }
    var ready = MinimumHeap(nodes.indices.filter { waiting[$0] == 0 })
    var order: [Int] = []
    while let next = ready.popMinimum() {
      order.append(next)
      for follower in followers[next] {
        waiting[follower] -= 1
        if waiting[follower] == 0 { ready.insert(follower) }
      }
    }
    guard order.count == nodes.count else {
      let stuck = nodes.indices.filter { waiting[$0] > 0 }
      throw .cycle(nodes: stuck.prefix(3).map { nodes[$0].label })
    }
    var moved = order != Array(nodes.indices)
    if moved { replaceNodes(with: order.map { nodes[$0] }) }
    if try sortSubgraphs(enclosing: known.union(enclosing)) { moved = true }
    return moved
  }

  private mutating func sortSubgraphs(enclosing: Set<String>) throws(GraphFault) -> Bool {
    var moved = false
    for index in nodes.indices where !nodes[index].attributes.isEmpty {
      guard !nodes[index].subgraphs.isEmpty else { continue }
      var attributes = nodes[index].attributes
      for (name, attribute) in attributes where !attribute.subgraphs.isEmpty {
        attributes[name] = try attribute.mappingSubgraphs { (body) throws(GraphFault) in
          if try body.sortNodes(enclosing: enclosing) { moved = true }
        }
      }
      updateNode(at: index) { $0.attributes = attributes }
    }
    return moved
  }
}

extension Node {
  fileprivate func define(in known: inout Set<String>) throws(GraphFault) {
    guard outputs.contains(where: { !$0.isEmpty }) else { throw .nodeWithoutOutputs(node: label) }
    for output in outputs where !output.isEmpty {
      guard known.insert(output).inserted else {
        throw .valueMadeTwice(value: output, node: label)
      }
    }
  }
}

/// Positions of which the smallest comes out first.
private struct MinimumHeap {
  private var items: [Int]

  /// - Precondition: `sorted` ascends, which is a heap already.
  init(_ sorted: [Int]) { items = sorted }

  mutating func insert(_ item: Int) {
    items.append(item)
    var child = items.count - 1
    while child > 0, items[(child - 1) / 2] > items[child] {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func popMinimum() -> Int? {
    guard let minimum = items.first else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return minimum }
    items[0] = last
    var parent = 0
    while true {
      let left = 2 * parent + 1
      guard left < items.count else { return minimum }
      let smaller = left + 1 < items.count && items[left + 1] < items[left] ? left + 1 : left
      guard items[smaller] < items[parent] else { return minimum }
      items.swapAt(parent, smaller)
      parent = smaller
    }
  }
}
