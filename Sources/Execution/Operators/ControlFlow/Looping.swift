internal import Graphs
internal import Tensors

/// Loop: a graph run while a condition holds, at most so many times.
struct Looping: ControlFlowOperator {
  /// What steps a body has shows in its first rounds; a survey need not wait for the last.
  private static let surveyedRounds: Int64 = 16

  init(_ node: Node, opset: Int64) {}

  func run(
    _ inputs: [RunValue?], _ call: OperatorCall, bodies: BodyRunner
  ) throws -> [RunValue] {
    var limit = try call.optionalTensor(0, of: inputs).map { try call.tripCount($0) }
    if bodies.visitor?.surveysBranches ?? false {
      limit = min(limit ?? .max, Self.surveyedRounds)
    }
    var goesOn = try call.optionalTensor(1, of: inputs).map { try call.condition($0) } ?? true
    var state = try inputs.dropFirst(2).map { value in
      guard let value else { throw call.unsupported("a loop-carried value is left out") }
      return value
    }
    let declared = try bodies.outputs(of: "body", call)
    let scanCount = declared.count - 1 - state.count
    guard scanCount >= 0 else {
      throw call.mismatch("its body makes \(declared.count) values for \(state.count) carried ones")
    }
    var scanned = [[Tensor]](repeating: [], count: scanCount)
    var iteration: Int64 = 0
    while goesOn, limit.map({ iteration < $0 }) ?? true {
      let results = try bodies.run(
        "body", [.tensor(.scalar(iteration)), .tensor(.scalar(goesOn))] + state, call)
      guard let condition = results.first?.tensor else {
        throw call.mismatch("its body makes no condition")
      }
      goesOn = try call.condition(condition)
      state = Array(results[1..<1 + state.count])
      for (index, value) in results[(1 + state.count)...].enumerated() {
        guard let tensor = value.tensor else { throw call.unsupported("it scans no tensors") }
        scanned[index].append(tensor)
      }
      iteration += 1
    }
    let stacks = try zip(scanned, declared[(1 + state.count)...]).map { slices, declaration in
      RunValue.tensor(try call.stack(slices, axis: 0, like: declaration))
    }
    return state + stacks
  }
}

extension OperatorCall {
  fileprivate func tripCount(_ tensor: Tensor) throws(ExecutionError) -> Int64 {
    guard tensor.elementCount == 1, let count = tensor.integers?.first else {
      throw mismatch("a trip count of shape \(tensor.shape)")
    }
    return Int64(count)
  }
}
