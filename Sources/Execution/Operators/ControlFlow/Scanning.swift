internal import Graphs
internal import Tensors

/// Scan, as of opset 9: a graph run over slices of its inputs, with a state.
struct Scanning: ControlFlowOperator {
  private let scanInputCount: Int
  private let inputAxes: [Int]?
  private let inputDirections: [Int64]?
  private let outputAxes: [Int]?
  private let outputDirections: [Int64]?

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    guard opset >= 9 else {
      throw .unsupportedVariant(
        operatorName: "Scan", node: node.name, detail: "batched scans of opset 8")
    }
    guard let count = node.int("num_scan_inputs"), count > 0 else {
      throw .invalidAttribute(
        operatorName: "Scan", node: node.name, attribute: "num_scan_inputs",
        detail: "must be at least 1")
    }
    scanInputCount = Int(clamping: count)
    inputAxes = node.ints("scan_input_axes")?.map { Int(clamping: $0) }
    inputDirections = node.ints("scan_input_directions")
    outputAxes = node.ints("scan_output_axes")?.map { Int(clamping: $0) }
    outputDirections = node.ints("scan_output_directions")
  }

  func run(
    _ inputs: [RunValue?], _ call: OperatorCall, bodies: BodyRunner
  ) throws -> [RunValue] {
    let stateCount = inputs.count - scanInputCount
    guard stateCount >= 0 else {
      throw call.mismatch("\(scanInputCount) scan inputs of \(inputs.count) inputs")
    }
    var state = try (0..<stateCount).map { RunValue.tensor(try call.tensor($0, of: inputs)) }
    let sequences = try (0..<scanInputCount).map { index in
      let tensor = try call.tensor(stateCount + index, of: inputs)
      return try call.slices(
        of: tensor, axis: inputAxes?[checked: index] ?? 0,
        backwards: inputDirections?[checked: index] == 1)
    }
    let length = sequences.first?.count ?? 0
    guard sequences.allSatisfy({ $0.count == length }) else {
      throw call.mismatch("sequences of different lengths")
    }
    let declared = try bodies.outputs(of: "body", call)
    guard declared.count >= stateCount else {
      throw call.mismatch("its body makes \(declared.count) values for \(stateCount) states")
    }
    var scanned = [[Tensor]](repeating: [], count: declared.count - stateCount)
    for step in 0..<length {
      let results = try bodies.run(
        "body", state + sequences.map { .tensor($0[step]) }, call)
      state = Array(results[..<stateCount])
      for (index, value) in results[stateCount...].enumerated() {
        guard let tensor = value.tensor else { throw call.unsupported("it scans no tensors") }
        scanned[index].append(tensor)
      }
    }
    let stacks = try scanned.enumerated().map { index, slices in
      let axis = outputAxes?[checked: index] ?? 0
      let rank = (slices.first?.shape.rank ?? 0) + 1
      let ordered = outputDirections?[checked: index] == 1 ? slices.reversed() : slices
      return RunValue.tensor(
        try call.stack(
          ordered, axis: axis < 0 ? axis + rank : axis, like: declared[stateCount + index]))
    }
    return state + stacks
  }
}

extension Array {
  subscript(checked index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
