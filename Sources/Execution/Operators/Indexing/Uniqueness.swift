internal import Graphs
internal import Tensors

/// Unique: different elements, or different slices along an axis, and where they are.
struct Uniqueness: TensorOperator {
  private let axis: Int?
  private let isSorted: Bool

  init(_ node: Node, opset: Int64) {
    axis = node.int("axis").map { Int(clamping: $0) }
    isSorted = node.int("sorted") ?? 1 != 0
  }

  func run(_ inputs: [RunValue?], _ call: OperatorCall) throws(ExecutionError) -> [RunValue] {
    var input = try call.tensor(0, of: inputs)
    if axis == nil { input = input.reshaped(to: [input.elementCount]) }
    guard let axis = input.shape.resolved(axis: axis ?? 0) else {
      throw call.mismatch("axis \(axis ?? 0) of a value of shape \(input.shape)")
    }
    guard let keys = OrderKeys(input.elementType) else { throw call.wrongType(input.elementType) }
    let slices = Self.slices(of: input, axis: axis, keys)
    // In order of first appearance.
    var numbers: [[UInt64]: Int] = [:]
    var firsts: [Int] = []
    var counts: [Int64] = []
    var inverse: [Int] = []
    for (position, slice) in slices.enumerated() {
      if let number = numbers[slice] {
        counts[number] += 1
        inverse.append(number)
      } else {
        numbers[slice] = firsts.count
        inverse.append(firsts.count)
        firsts.append(position)
        counts.append(1)
      }
    }
    if isSorted {
      let order = firsts.indices.sorted {
        slices[firsts[$0]].lexicographicallyPrecedes(slices[firsts[$1]])
      }
      var rank = [Int](repeating: 0, count: order.count)
      for (place, number) in order.enumerated() { rank[number] = place }
      firsts = order.map { firsts[$0] }
      counts = order.map { counts[$0] }
      inverse = inverse.map { rank[$0] }
    }
    return [
      .tensor(try input.taking(firsts, axis: axis, call)),
      .tensor(Tensor(firsts.map { Int64($0) })), .tensor(Tensor(inverse.map { Int64($0) })),
      .tensor(Tensor(counts)),
    ]
  }

  /// The keys of each slice along `axis`.
  private static func slices(of input: Tensor, axis: Int, _ keys: OrderKeys) -> [[UInt64]] {
    let outer = input.shape.dimensions[..<axis].reduce(1, *)
    let inner = input.shape.dimensions[(axis + 1)...].reduce(1, *)
    let extent = input.shape[axis]
    return input.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return [] }
      return (0..<extent).map { position in
        var slice: [UInt64] = []
        slice.reserveCapacity(outer * inner)
        for block in 0..<outer {
          let start = (block * extent + position) * inner
          for index in start..<(start + inner) { slice.append(keys.key(base, index)) }
        }
        return slice
      }
    }
  }
}
