internal import OrderedCollections

extension Model {
  /// Puts the bodies of the model's own functions in the place of their calls.
  ///
  /// Inner nodes and values are named after the call. Calls that are nested deeper than any real
  /// model's, as a function that calls itself would be, are left as they are.
  mutating func inlineFunctions() throws(UpgradeError) {
    guard !functions.isEmpty else { return }
    var bodies: [FunctionKey: LocalFunction] = [:]
    for function in functions {
      var function = function
      if let own = function.opset, own < 13 {
        // The model's own nodes are brought up to 13 next, and these would not be.
        let body = try Model(graph: function.body, opset: own).upgraded(toAtLeast: 13)
        function.body = body.graph
      }
      bodies[FunctionKey(function.operatorName, function.overload)] = function
    }
    var inliner = FunctionInliner(bodies: bodies, names: NameAllocator(graph))
    inliner.inline(into: &graph, depth: 0)
    functions = []
  }
}

private struct FunctionKey: Hashable {
  let name: OperatorName
  let overload: String

  init(_ name: OperatorName, _ overload: String) {
    self.name = name
    self.overload = overload
  }
}

private struct FunctionInliner {
  let bodies: [FunctionKey: LocalFunction]
  var names: NameAllocator
  private static let deepestCall = 32

  mutating func inline(into graph: inout Graph, depth: Int) {
    var nodes: [Node] = []
    var hasChanged = false
    for var node in graph.nodes {
      if !node.attributes.isEmpty, !node.subgraphs.isEmpty {
        for key in node.attributes.keys.sorted() {
          node.attributes[key] = node.attributes[key]?.mappingSubgraphs { body in
            inline(into: &body, depth: depth)
          }
        }
        hasChanged = true
      }
      guard depth < Self.deepestCall,
        let function = bodies[FunctionKey(node.operatorName, node.overload)]
      else {
        nodes.append(node)
        continue
      }
      hasChanged = true
      var body = expanded(function, for: node)
      inline(into: &body, depth: depth + 1)
      for (name, initializer) in body.initializers { graph.initializers[name] = initializer }
      nodes += body.nodes.map { Node($0, id: graph.makeNodeID()) }
    }
    if hasChanged { graph.replaceNodes(with: nodes) }
  }

  /// The function's body with the call's operands, results and attributes in it.
  private mutating func expanded(_ function: LocalFunction, for call: Node) -> Graph {
    var body = function.body
    let prefix = call.name.isEmpty ? call.outputs.first { !$0.isEmpty } ?? "" : call.name
    // First away from the function's names, which may be those of the call in another order.
    var local: [String: String] = [:]
    for name in body.definedNames.sorted() + function.inputs {
      local[name] = names.unique("\(prefix)/\(name)")
    }
    for (name, unique) in local { body.rename(name, to: unique) }
    var results: Set<String> = []
    for (position, formal) in function.outputs.enumerated() {
      guard position < call.outputs.count, !call.outputs[position].isEmpty,
        let made = local[formal]
      else { continue }
      let actual = call.outputs[position]
      if function.inputs.contains(formal) || !results.insert(formal).inserted {
        body.append(OperatorName("Identity"), inputs: [made], outputs: [actual])
      } else {
        body.rename(made, to: actual)
        local[formal] = actual
      }
    }
    for (position, formal) in function.inputs.enumerated() {
      guard let unique = local[formal] else { continue }
      body.renameUses(of: unique, to: position < call.inputs.count ? call.inputs[position] : "")
    }
    body.resolveReferences(to: call.attributes, defaults: function.defaults)
    for index in body.nodes.indices {
      body.updateNode(at: index) { node in
        node.name = node.name.isEmpty ? prefix : "\(prefix)/\(node.name)"
      }
    }
    return body
  }
}

extension Graph {
  /// Replaces references to a call's attributes by their values, and drops those that have none.
  fileprivate mutating func resolveReferences(
    to given: [String: Attribute], defaults: [String: Attribute]
  ) {
    for index in nodes.indices where !nodes[index].attributes.isEmpty {
      updateNode(at: index) { node in
        for (key, attribute) in node.attributes {
          if case .reference(let name, _) = attribute {
            node.attributes[key] = given[name] ?? defaults[name]
          } else {
            node.attributes[key] = attribute.mappingSubgraphs { body in
              body.resolveReferences(to: given, defaults: defaults)
            }
          }
        }
      }
    }
  }
}
