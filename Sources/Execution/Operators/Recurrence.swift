internal import Graphs
internal import Kernels
internal import Tensors

/// LSTM, GRU and RNN: weights are packed when the plan is made, states and lengths may be computed.
struct Recurrence: OperatorKernel {
  static let widensHalves = true

  private let attributes: RecurrentAttributes
  private var kind: RecurrentAttributes.Kind { attributes.kind }

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    guard let kind = RecurrentAttributes.Kind(rawValue: node.operatorName.name) else {
      throw .unsupportedOperator(
        name: node.operatorName.description, node: node.name, opset: opset)
    }
    try self.init(node, kind: kind)
  }

  init(_ node: Node, kind: RecurrentAttributes.Kind) throws(ExecutionError) {
    attributes = try RecurrentAttributes(node, kind: kind)
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    try compile(site, input: try matrix(1, site), recurrent: try matrix(2, site))
  }

  private func matrix(_ index: Int, _ site: OperatorSite) throws(ExecutionError)
    -> RecurrentMatrix
  {
    let shape = try site.input(index).shape
    guard shape.rank == 3 else { throw site.mismatch("weights of shape \(shape)") }
    return RecurrentMatrix(try site.floats(index), shape: shape)
  }

  /// Compiles the operator with weights that were read by the caller.
  func compile(
    _ site: OperatorSite, input weights: RecurrentMatrix, recurrent: RecurrentMatrix
  ) throws(ExecutionError) {
    let input = try site.input(0)
    try site.requireFloat(input)
    let geometry = try geometry(input.shape, weights, recurrent, site)
    let layer = RecurrentLayer(
      geometry: geometry,
      directions: try directions(geometry, weights, recurrent, site),
      threads: site.compiler.pool.threadCount)
    let states = try states(geometry, hasCell: kind == .lstm, site)
    let outputs = try Outputs(geometry, hasCell: kind == .lstm, site)
    guard !outputs.values.isEmpty else { return }
    let source = site.read(input)
    let lengths = states.lengths
    let (steps, batch, nodeName) = (geometry.steps, geometry.batch, site.nodeName)
    let scratch = site.scratch(byteCount: layer.scratchByteCount)
    try site.emit(
      outputs.values,
      kernel: "\(kind.rawValue.lowercased())-\(layer.kernelName)",
      reads: [source] + states.buffers, scratch: scratch,
      multiplyAccumulates: layer.multiplyAccumulates,
      weightByteCount: layer.weightByteCount, isInteger: layer.isInteger
    ) { (run: RunContext) throws(ExecutionError) in
      let rows = lengths.map { UnsafePointer(run.elements($0, of: Int32.self)) }
      if let rows {
        for sequence in 0..<batch where !(0...steps).contains(Int(rows[sequence])) {
          throw .invalidSequenceLength(
            node: nodeName, sequence: sequence, length: rows[sequence], steps: steps)
        }
      }
      layer.run(
        RecurrentLayer.Operands(
          input: run.floats(source),
          firstHidden: states.hidden.map { UnsafePointer(run.floats($0)) },
          firstCell: states.cell.map { UnsafePointer(run.floats($0)) }, lengths: rows,
          output: outputs.all.map { run.floats($0) },
          lastHidden: outputs.lastHidden.map { run.floats($0) },
          lastCell: outputs.lastCell.map { run.floats($0) }),
        scratch: run.scratch(scratch), pool: run.pool)
    }
  }

  private func geometry(
    _ shape: Shape, _ weights: RecurrentMatrix, _ recurrent: RecurrentMatrix, _ site: OperatorSite
  ) throws(ExecutionError) -> RecurrentGeometry {
    let hidden = attributes.hiddenSize ?? recurrent.depth
    let count = attributes.isReversed.count
    guard shape.rank == 3, hidden > 0, shape[2] == weights.depth, recurrent.depth == hidden,
      [weights, recurrent].allSatisfy({
        $0.directions == count && $0.rows == kind.gates * hidden
      })
    else {
      throw site.mismatch(
        "an input \(shape) with weights \(weights.directions)×\(weights.rows)×\(weights.depth) and "
          + "\(recurrent.directions)×\(recurrent.rows)×\(recurrent.depth) for \(count) directions "
          + "of \(hidden) hidden units")
    }
    return RecurrentGeometry(
      steps: shape[attributes.isBatchFirst ? 1 : 0], batch: shape[attributes.isBatchFirst ? 0 : 1],
      inputs: shape[2], hidden: hidden, directions: count, isBatchFirst: attributes.isBatchFirst)
  }

  private func directions(
    _ geometry: RecurrentGeometry, _ weights: RecurrentMatrix, _ recurrent: RecurrentMatrix,
    _ site: OperatorSite
  ) throws(ExecutionError) -> [RecurrentDirection] {
    let (hidden, gates) = (geometry.hidden, kind.gates)
    let biases = try constant(3, count: 2 * gates * hidden, site)
    let peepholes = kind == .lstm ? try constant(7, count: 3 * hidden, site) : nil
    var result: [RecurrentDirection] = []
    for (direction, isReversed) in attributes.isReversed.enumerated() {
      let bias = biases.map { Bias($0[direction], gates: gates, hidden: hidden) }
      let all = 0..<gates * hidden
      let resetsState = kind == .gru && !attributes.resetsProduct
      // A reset gate that acts on the product must not reach the bias of the input.
      let keepsApart = kind == .gru && attributes.resetsProduct
      let first = resetsState ? 0..<2 * hidden : all
      result.append(
        RecurrentDirection(
          isReversed: isReversed,
          input: weights.product(
            direction: direction, rows: all,
            bias: keepsApart ? bias?.inputKeepingLast : bias?.merged, count: geometry.rows,
            isa: site.isa),
          recurrent: recurrent.product(
            direction: direction, rows: first, bias: keepsApart ? bias?.lastRecurrent : nil,
            count: geometry.batch, isa: site.isa),
          candidate: resetsState
            ? recurrent.product(
              direction: direction, rows: 2 * hidden..<3 * hidden, bias: nil,
              count: geometry.batch, isa: site.isa)
            : nil,
          cell: attributes.cell(
            direction: direction, hidden: hidden, peepholes: peepholes?[direction], isa: site.isa)))
    }
    return result
  }

  /// An optional constant `[directions, count]`, by direction.
  private func constant(
    _ index: Int, count: Int, _ site: OperatorSite
  ) throws(ExecutionError) -> [[Float]]? {
    guard site.hasInput(index) else { return nil }
    let values = try site.floats(index)
    let directions = attributes.isReversed.count
    guard values.count == directions * count else {
      throw site.mismatch(
        "input \(index) has \(values.count) elements, where \(directions)×\(count) are needed")
    }
    return (0..<directions).map { Array(values[$0 * count..<($0 + 1) * count]) }
  }

  /// The biases of one direction: those of the input's sums, then those of the state's.
  private struct Bias {
    let merged: [Float]
    let inputKeepingLast: [Float]
    let lastRecurrent: [Float]

    init(_ values: [Float], gates: Int, hidden: Int) {
      let count = gates * hidden
      let (input, recurrent) = (values[..<count], Array(values[count...]))
      merged = zip(input, recurrent).map { $0 + $1 }
      let last = count - hidden
      inputKeepingLast = Array(merged[..<last] + input[last...])
      lastRecurrent = [Float](repeating: 0, count: last) + recurrent[last...]
    }
  }
}
