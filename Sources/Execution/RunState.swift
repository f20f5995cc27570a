internal import Tensors

/// What one run has in hand between the parts of its plan.
struct RunState {
  /// The model's inputs that are tensors.
  let tensors: [String: Tensor]
  /// Sequences and optionals, by name.
  private(set) var nonTensors: [String: RunValue]
  /// What the part before handed on, by the number of the carried buffer.
  private(set) var carried: [TensorStorage] = []
  /// The values that the pause was for.
  private(set) var operands: [String: RunValue] = [:]

  init(inputs: [String: RunValue]) {
    tensors = inputs.compactMapValues(\.tensor)
    nonTensors = inputs.filter { $0.value.tensor == nil }
  }

  /// Saves what outlives `plan`, whose working memory the next part takes.
  mutating func handOn(
    _ plan: CompiledPlan, _ pause: PlanPause,
    _ table: UnsafeMutablePointer<UnsafeMutableRawPointer>
  ) {
    let earlier = carried
    carried = pause.handedOn.map { id in
      let buffer = plan.buffers[id.rawValue]
      if case .carried(let slot) = buffer.home { return earlier[slot] }
      let copy = TensorStorage(byteCount: buffer.byteCount)
      copy.base.copyMemory(from: table[id.rawValue], byteCount: buffer.byteCount)
      return copy
    }
    operands = nonTensors
    for (name, id) in pause.operands {
      guard let value = pause.values[name] else { continue }
      operands[name] = .tensor(tensor(value, id, plan, pause))
    }
  }

  private func tensor(
    _ value: Value, _ id: Buffer.ID, _ plan: CompiledPlan, _ pause: PlanPause
  ) -> Tensor {
    if let slot = pause.slot(of: id) {
      return Tensor(value.elementType, shape: value.shape, storage: carried[slot])
    }
    let source: Tensor?
    switch plan.buffers[id.rawValue].home {
    case .constant(let tensor): source = tensor
    case .input(let name): source = tensors[name]
    case .arena, .carried: source = nil
    }
    guard let source else { preconditionFailure("'\(value.name)' was not handed on") }
    return Tensor(
      value.elementType, shape: value.shape, storage: source.storage,
      byteOffset: source.byteOffset)
  }

  /// Takes in what an operation made.
  /// - Parameter isShown: whether observers may overwrite its elements.
  /// - Returns: the number of its carried buffer; meaningless for what is no tensor.
  mutating func add(_ value: RunValue, named name: String, isShown: Bool) -> Int {
    guard case .tensor(let tensor) = value else {
      nonTensors[name] = value
      return -1
    }
    if tensor.byteOffset == 0, !tensor.storage.isBorrowed, !isShown {
      carried.append(tensor.storage)
    } else {
      let copy = TensorStorage(byteCount: tensor.byteCount)
      tensor.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress {
          copy.base.copyMemory(from: base, byteCount: bytes.count)
        }
      }
      carried.append(copy)
    }
    return carried.count - 1
  }
}
