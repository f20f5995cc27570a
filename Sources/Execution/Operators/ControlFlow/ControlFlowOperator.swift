internal import Graphs
internal import Tensors

/// An operator that runs other graphs: If, Loop, Scan.
protocol ControlFlowOperator: SendableMetatype {
  /// Reads and checks the attributes.
  init(_ node: Node, opset: Int64) throws(ExecutionError)
  /// - Parameters:
  ///   - inputs: `nil` for an operand that the model left out.
  ///   - bodies: runs the node's graphs, which see the values around the node.
  /// - Returns: the outputs in the node's order.
  func run(
    _ inputs: [RunValue?], _ call: OperatorCall, bodies: BodyRunner
  ) throws -> [RunValue]
}

/// Runs the graphs of one node for one call of it.
struct BodyRunner {
  /// By attribute: the graph's executor, and the values around the node that it uses.
  let bodies: [String: Executor]
  let captured: [String: RunValue]
  let visitor: (any RunVisitor)?

  /// What the graph declares about its outputs.
  func outputs(of attribute: String, _ call: OperatorCall) throws(ExecutionError)
    -> [ValueDeclaration]
  {
    try body(attribute, call).outputs
  }

  /// The outputs of a graph, in its order.
  /// - Parameter inputs: in the order of the graph's inputs.
  func run(
    _ attribute: String, _ inputs: [RunValue], _ call: OperatorCall
  ) throws -> [RunValue] {
    let body = try body(attribute, call)
    let names = body.ownInputs
    guard names.count == inputs.count else {
      throw call.mismatch("its '\(attribute)' takes \(names.count) inputs, not \(inputs.count)")
    }
    var feed = captured.filter { body.capturedInputs.contains($0.key) }
    for (name, value) in zip(names, inputs) { feed[name] = value }
    let results = try body.execute(feed, visitor)
    return try body.outputs.map { declaration in
      guard let value = results[declaration.name] else {
        throw ExecutionError.undefinedValue(name: declaration.name, node: call.nodeName)
      }
      return value
    }
  }

  private func body(
    _ attribute: String, _ call: OperatorCall
  ) throws(ExecutionError) -> Executor {
    guard let body = bodies[attribute] else {
      throw .invalidAttribute(
        operatorName: call.operatorName, node: call.nodeName, attribute: attribute,
        detail: "must be a graph")
    }
    return body
  }
}
