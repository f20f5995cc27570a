internal import Graphs
internal import Tensors

/// SequenceMap: a graph run over the elements of sequences.
struct SequenceMapping: ControlFlowOperator {
  init(_ node: Node, opset: Int64) {}

  func run(
    _ inputs: [RunValue?], _ call: OperatorCall, bodies: BodyRunner
  ) throws -> [RunValue] {
    let (first, _) = try call.sequence(0, of: inputs)
    let declared = try bodies.outputs(of: "body", call)
    var results = [[Tensor]](repeating: [], count: declared.count)
    for index in first.indices {
      let operands = try inputs.map { value -> RunValue in
        switch value {
        case .sequence(let tensors, _)?:
          guard index < tensors.count else {
            throw call.mismatch("sequences of different lengths")
          }
          return .tensor(tensors[index])
        case let value?: return value
        case nil: throw call.unsupported("an input is left out")
        }
      }
      for (position, value) in try bodies.run("body", operands, call).enumerated() {
        guard let tensor = value.tensor else { throw call.unsupported("it maps to no tensors") }
        results[position].append(tensor)
      }
    }
    return zip(results, declared).map { tensors, declaration in
      .sequence(tensors, tensors.first?.elementType ?? declaration.elementType ?? .float32)
    }
  }
}
