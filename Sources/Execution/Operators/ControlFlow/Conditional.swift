internal import Graphs
internal import Tensors

/// If: one of two graphs, as one element of the data decides.
struct Conditional: ControlFlowOperator {
  init(_ node: Node, opset: Int64) {}

  func run(
    _ inputs: [RunValue?], _ call: OperatorCall, bodies: BodyRunner
  ) throws -> [RunValue] {
    let taken = try call.condition(0, of: inputs) ? "then_branch" : "else_branch"
    if bodies.visitor?.surveysBranches ?? false {
      let other = taken == "then_branch" ? "else_branch" : "then_branch"
      // What the data would never ask for may not be possible for them.
      _ = try? bodies.run(other, [], call)
    }
    return try bodies.run(taken, [], call)
  }
}

extension OperatorCall {
  /// The single truth value at operand `index`.
  func condition(_ index: Int, of inputs: [RunValue?]) throws(ExecutionError) -> Bool {
    try condition(tensor(index, of: inputs))
  }

  func condition(_ tensor: Tensor) throws(ExecutionError) -> Bool {
    guard tensor.elementType == .bool else { throw wrongType(tensor.elementType) }
    guard tensor.elementCount == 1 else {
      throw mismatch("a condition of shape \(tensor.shape)")
    }
    return tensor.withUnsafeBytes { $0.first != 0 }
  }
}
