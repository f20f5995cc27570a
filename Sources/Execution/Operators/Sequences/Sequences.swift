internal import Graphs
internal import Tensors

/// SequenceConstruct and SequenceEmpty.
struct SequenceMaking: TensorOperator {
  static var makesOtherValues: Bool { true }
  private let isEmpty: Bool
  private let emptyType: ElementType

  init(_ node: Node, opset: Int64) {
    isEmpty = node.is("SequenceEmpty")
    emptyType =
      node.int("dtype").flatMap { Int32(exactly: $0) }.flatMap(ElementType.init) ?? .float32
  }

  func run(_ inputs: [RunValue?], _ call: OperatorCall) throws(ExecutionError) -> [RunValue] {
    guard !isEmpty else { return [.sequence([], emptyType)] }
    var tensors: [Tensor] = []
    for index in inputs.indices { tensors.append(try call.tensor(index, of: inputs)) }
    guard let first = tensors.first else {
      throw .missingOperand(operatorName: call.operatorName, node: call.nodeName, index: 0)
    }
    try call.requireOneType(tensors)
    return [.sequence(tensors, first.elementType)]
  }
}

/// SequenceAt, SequenceInsert, SequenceErase and SequenceLength.
struct SequenceEditing: TensorOperator {
  static var makesOtherValues: Bool { true }
  private let name: String

  init(_ node: Node, opset: Int64) { name = node.operatorName.name }

  func run(_ inputs: [RunValue?], _ call: OperatorCall) throws(ExecutionError) -> [RunValue] {
    var (tensors, type) = try call.sequence(0, of: inputs)
    switch name {
    case "SequenceLength":
      return [.tensor(.scalar(Int64(tensors.count)))]
    case "SequenceAt":
      let position = try call.position(1, of: inputs, count: tensors.count)
      return [.tensor(tensors[position])]
    case "SequenceInsert":
      let new = try call.tensor(1, of: inputs)
      let position =
        inputs.count > 2 && inputs[2] != nil
        ? try call.position(2, of: inputs, count: tensors.count, includingEnd: true)
        : tensors.count
      tensors.insert(new, at: position)
      try call.requireOneType(tensors)
      type = new.elementType
    default:
      let position =
        inputs.count > 1 && inputs[1] != nil
        ? try call.position(1, of: inputs, count: tensors.count) : tensors.count - 1
      guard tensors.indices.contains(position) else {
        throw .indexOutOfRange(node: call.nodeName, index: -1, count: tensors.count)
      }
      tensors.remove(at: position)
    }
    return [.sequence(tensors, type)]
  }
}

/// SplitToSequence: parts of a tensor along an axis.
struct SequenceSplitting: TensorOperator {
  static var makesOtherValues: Bool { true }
  private let axis: Int
  private let keepsAxis: Bool

  init(_ node: Node, opset: Int64) {
    axis = Int(clamping: node.int("axis") ?? 0)
    keepsAxis = node.int("keepdims") ?? 1 != 0
  }

  func run(_ inputs: [RunValue?], _ call: OperatorCall) throws(ExecutionError) -> [RunValue] {
    let input = try call.tensor(0, of: inputs)
    guard let axis = input.shape.resolved(axis: axis) else {
      throw call.mismatch("axis \(self.axis) of a value of shape \(input.shape)")
    }
    let slices = try call.slices(of: input, axis: axis)
    guard let split = try call.optionalTensor(1, of: inputs) else {
      guard keepsAxis else { return [.sequence(slices, input.elementType)] }
      let thin = Shape(input.shape.dimensions.replacing(axis, with: 1))
      return [.sequence(slices.map { $0.reshaped(to: thin) }, input.elementType)]
    }
    var parts: [Tensor] = []
    var start = 0
    let thin = Shape(input.shape.dimensions.replacing(axis, with: 1))
    for extent in try call.extents(split, of: input.shape[axis]) {
      guard extent > 0 else {
        let none = Shape(input.shape.dimensions.replacing(axis, with: 0))
        parts.append(Tensor(input.elementType, shape: none))
        continue
      }
      parts.append(
        try call.concatenate(
          slices[start..<start + extent].map { $0.reshaped(to: thin) }, axis: axis))
      start += extent
    }
    return [.sequence(parts, input.elementType)]
  }
}

/// ConcatFromSequence: side by side along an axis, which may be new.
struct SequenceJoining: TensorOperator {
  private let axis: Int
  private let isNewAxis: Bool

  init(_ node: Node, opset: Int64) {
    axis = Int(clamping: node.int("axis") ?? 0)
    isNewAxis = node.int("new_axis") ?? 0 != 0
  }

  func run(_ inputs: [RunValue?], _ call: OperatorCall) throws(ExecutionError) -> [RunValue] {
    let (tensors, type) = try call.sequence(0, of: inputs)
    guard let first = tensors.first else { throw call.mismatch("a sequence of nothing") }
    let rank = first.shape.rank + (isNewAxis ? 1 : 0)
    let axis = axis < 0 ? axis + rank : axis
    if isNewAxis {
      let slice = ValueDeclaration(name: "", elementType: type, dimensions: nil)
      return [.tensor(try call.stack(tensors, axis: axis, like: slice))]
    }
    return [.tensor(try call.concatenate(tensors, axis: axis))]
  }
}

/// Optional, OptionalHasElement and OptionalGetElement.
struct OptionalAccess: TensorOperator {
  static var makesOtherValues: Bool { true }
  private let name: String

  init(_ node: Node, opset: Int64) { name = node.operatorName.name }

  func run(_ inputs: [RunValue?], _ call: OperatorCall) throws(ExecutionError) -> [RunValue] {
    let value = inputs.first.flatMap { $0 }
    let isThere = value != nil && value != .empty
    switch name {
    case "Optional": return [value ?? .empty]
    case "OptionalHasElement": return [.tensor(.scalar(isThere))]
    default:
      guard isThere, let value else { throw call.mismatch("the optional holds nothing") }
      return [value]
    }
  }
}

/// Identity, of what is no tensor.
struct ValuePassing: TensorOperator {
  static var makesOtherValues: Bool { true }

  init(_ node: Node, opset: Int64) {}

  func run(_ inputs: [RunValue?], _ call: OperatorCall) throws(ExecutionError) -> [RunValue] {
    inputs.compactMap(\.self)
  }
}

extension OperatorCall {
  /// The sequence at operand `index`.
  func sequence(
    _ index: Int, of inputs: [RunValue?]
  ) throws(ExecutionError) -> ([Tensor], ElementType) {
    guard index < inputs.count, let value = inputs[index] else {
      throw .missingOperand(operatorName: operatorName, node: nodeName, index: index)
    }
    guard case .sequence(let tensors, let type) = value else {
      throw unsupported("its input \(index) is not a sequence")
    }
    return (tensors, type)
  }

  fileprivate func requireOneType(_ tensors: [Tensor]) throws(ExecutionError) {
    guard let first = tensors.first,
      let other = tensors.first(where: { $0.elementType != first.elementType })
    else { return }
    throw mismatch("\(first.elementType) and \(other.elementType) in one sequence")
  }

  /// The place that operand `index` names; negative ones count from the end.
  fileprivate func position(
    _ index: Int, of inputs: [RunValue?], count: Int, includingEnd: Bool = false
  ) throws(ExecutionError) -> Int {
    guard let given = try tensor(index, of: inputs).integers?.first else {
      throw mismatch("a position that is no integer")
    }
    let position = given < 0 ? given + count : given
    guard position >= 0, position < count + (includingEnd ? 1 : 0) else {
      throw .indexOutOfRange(node: nodeName, index: Int64(given), count: count)
    }
    return position
  }

  /// How a split of SplitToSequence divides `extent`: by one size for all, or by each one's.
  fileprivate func extents(_ split: Tensor, of extent: Int) throws(ExecutionError) -> [Int] {
    guard let sizes = split.integers, sizes.allSatisfy({ $0 >= 0 }) else {
      throw mismatch("a split that is no size")
    }
    guard split.shape.rank == 0, let size = sizes.first else {
      guard sizes.reduce(0, +) == extent else {
        throw mismatch("parts of \(sizes) for an axis of \(extent)")
      }
      return sizes
    }
    guard size > 0 else { throw mismatch("parts of 0") }
    return stride(from: 0, to: extent, by: size).map { min(size, extent - $0) }
  }
}
