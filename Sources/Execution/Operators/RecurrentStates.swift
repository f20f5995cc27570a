internal import Kernels
internal import Tensors

extension Recurrence {
  /// Operands that may be computed: first states, and how long each sequence is.
  struct States {
    var hidden: Buffer.ID?
    var cell: Buffer.ID?
    var lengths: Buffer.ID?

    var buffers: [Buffer.ID] { [hidden, cell, lengths].compactMap { $0 } }
  }

  /// - Parameter hasCell: whether there is a cell state beside the hidden one.
  func states(
    _ geometry: RecurrentGeometry, hasCell: Bool, _ site: OperatorSite
  ) throws(ExecutionError) -> States {
    var states = States()
    if let lengths = try site.optionalInput(4) {
      guard lengths.elementType == .int32 else {
        throw .wrongElementType(
          operatorName: site.operatorName, node: site.nodeName, found: lengths.elementType)
      }
      guard lengths.shape.elementCount == geometry.batch else {
        throw site.mismatch("\(lengths.shape) lengths for \(geometry.batch) sequences")
      }
      states.lengths = site.read(lengths)
    }
    states.hidden = try state(5, geometry, site)
    if hasCell { states.cell = try state(6, geometry, site) }
    return states
  }

  private func state(
    _ index: Int, _ geometry: RecurrentGeometry, _ site: OperatorSite
  ) throws(ExecutionError) -> Buffer.ID? {
    guard let value = try site.optionalInput(index) else { return nil }
    try site.requireFloat(value)
    let expected = geometry.stateShape
    guard value.shape == expected else {
      throw site.mismatch("a first state of shape \(value.shape), where \(expected) is needed")
    }
    return site.read(value)
  }

  /// The outputs that somebody reads.
  struct Outputs {
    private(set) var values: [Value] = []
    private(set) var all: Buffer.ID?
    private(set) var lastHidden: Buffer.ID?
    private(set) var lastCell: Buffer.ID?

    init(
      _ geometry: RecurrentGeometry, hasCell: Bool, _ site: OperatorSite
    ) throws(ExecutionError) {
      all = try add(0, geometry.outputShape, site)
      lastHidden = try add(1, geometry.stateShape, site)
      if hasCell { lastCell = try add(2, geometry.stateShape, site) }
    }

    private mutating func add(
      _ index: Int, _ shape: Shape, _ site: OperatorSite
    ) throws(ExecutionError) -> Buffer.ID? {
      guard index < site.outputCount, !site.unit.outputs[index].isEmpty else { return nil }
      let value = try site.output(index, .float32, shape)
      values.append(value)
      return site.write(value)
    }
  }
}

extension RecurrentGeometry {
  fileprivate var outputShape: Shape {
    isBatchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden]
  }

  fileprivate var stateShape: Shape {
    isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
  }
}
