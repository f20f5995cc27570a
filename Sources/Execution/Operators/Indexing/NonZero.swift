internal import Graphs
internal import Tensors

/// NonZero: the coordinates of all elements that are not zero, one column each.
struct NonZero: TensorOperator {
  init(_ node: Node, opset: Int64) {}

  func run(_ inputs: [RunValue?], _ call: OperatorCall) throws(ExecutionError) -> [RunValue] {
    let input = try call.tensor(0, of: inputs)
    guard let keys = OrderKeys(input.elementType) else { throw call.wrongType(input.elementType) }
    let found = input.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return [Int]() }
      return (0..<input.elementCount).filter { keys.key(base, $0) != keys.zero }
    }
    // A scalar has one row of coordinates, as if it were a vector of one.
    let shape = input.shape.rank == 0 ? Shape([1]) : input.shape
    let strides = shape.strides
    var coordinates: [Int64] = []
    coordinates.reserveCapacity(shape.rank * found.count)
    for axis in 0..<shape.rank {
      for position in found { coordinates.append(Int64(position / strides[axis] % shape[axis])) }
    }
    return [.tensor(Tensor(coordinates, shape: [shape.rank, found.count]))]
  }
}

/// Compress: the slices along an axis, or the elements, for which a condition holds.
struct Compress: TensorOperator {
  private let axis: Int?

  init(_ node: Node, opset: Int64) { axis = node.int("axis").map { Int(clamping: $0) } }

  func run(_ inputs: [RunValue?], _ call: OperatorCall) throws(ExecutionError) -> [RunValue] {
    var input = try call.tensor(0, of: inputs)
    let condition = try call.tensor(1, of: inputs)
    guard condition.elementType == .bool else { throw call.wrongType(condition.elementType) }
    if axis == nil { input = input.reshaped(to: [input.elementCount]) }
    guard let axis = input.shape.resolved(axis: axis ?? 0) else {
      throw call.mismatch("axis \(axis ?? 0) of a value of shape \(input.shape)")
    }
    let chosen = condition.array(of: Bool.self).enumerated().filter(\.element).map(\.offset)
    if let last = chosen.last, last >= input.shape[axis] {
      throw .indexOutOfRange(node: call.nodeName, index: Int64(last), count: input.shape[axis])
    }
    return [.tensor(try input.taking(chosen, axis: axis, call))]
  }
}

extension Tensor {
  /// The slices at `positions` along `axis`, in that order.
  /// - Precondition: `positions` lie inside.
  func taking(
    _ positions: [Int], axis: Int, _ call: OperatorCall
  ) throws(ExecutionError) -> Tensor {
    guard elementType.bitWidth >= 8 else { throw call.wrongType(elementType) }
    var shape = self.shape
    shape[axis] = positions.count
    var result = Tensor(elementType, shape: shape)
    let outer = shape.dimensions[..<axis].reduce(1, *)
    let chunk = shape.dimensions[(axis + 1)...].reduce(1, *) * elementType.bitWidth / 8
    let extent = self.shape[axis]
    withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for block in 0..<outer {
          for (index, position) in positions.enumerated() {
            (to + (block * positions.count + index) * chunk).copyMemory(
              from: from + (block * extent + position) * chunk, byteCount: chunk)
          }
        }
      }
    }
    return result
  }
}
