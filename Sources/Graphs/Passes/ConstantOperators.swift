internal import Tensors

/// The operators of shape arithmetic, computed directly: exporters spell sizes, axes and borders
/// with them. Anything unusual gives `nil`, never a trap, since the file decides what comes in.
enum ConstantOperators {
  /// Larger results are not computed.
  static let largestElementCount = 1 << 24

  static func evaluate(_ node: Node, _ inputs: [Tensor?]) -> [Tensor]? {
    guard node.operatorName.domain.isEmpty, let first = inputs.first ?? nil else { return nil }
    return result(node, first, inputs).map { [$0] }
  }

  private static func result(_ node: Node, _ first: Tensor, _ inputs: [Tensor?]) -> Tensor? {
    func input(_ index: Int) -> Tensor? { index < inputs.count ? inputs[index] : nil }
    func integers(_ index: Int) -> [Int64]? { input(index).flatMap(\.integers) }
    switch node.operatorName.name {
    case "Identity": return first
    case "Shape": return shape(of: first, node)
    case "Size": return .scalar(Int64(first.elementCount))
    case "Cast": return node.int("to").flatMap { first.cast(to: $0) }
    case "Gather": return input(1).flatMap { first.gather($0, axis: node.int("axis") ?? 0) }
    case "Concat":
      let parts = inputs.compactMap { $0 }
      guard parts.count == inputs.count, let axis = node.int("axis") else { return nil }
      return Tensor.concatenation(of: parts, axis: axis)
    case "Slice":
      guard let starts = integers(1), let ends = integers(2) else { return nil }
      return first.slice(starts: starts, ends: ends, axes: integers(3), steps: integers(4))
    case "Unsqueeze": return integers(1).flatMap { first.unsqueezed(axes: $0) }
    case "Squeeze":
      if node.input(1) != nil { return integers(1).flatMap { first.squeezed(axes: $0) } }
      return first.squeezed(axes: nil)
    case "Reshape":
      return integers(1).flatMap { first.reshaped(to: $0, keepsZero: node.int("allowzero") == 1) }
    case "Transpose": return first.transposed(node.ints("perm"))
    case "ConstantOfShape": return integers(0).flatMap { filled($0, with: node.tensor("value")) }
    case "Range":
      guard let limit = input(1), let step = input(2) else { return nil }
      return range(from: first, to: limit, by: step)
    case "Add", "Sub", "Mul", "Div":
      return input(1).flatMap { first.combined(with: $0, node.operatorName.name) }
    case "Neg": return first.negated
    default: return nil
    }
  }

  /// The extents of `tensor`, or those from `start` to `end` as opset 15 adds.
  private static func shape(of tensor: Tensor, _ node: Node) -> Tensor {
    let rank = tensor.shape.rank
    func bound(_ name: String, otherwise: Int) -> Int {
      guard let value = node.int(name) else { return otherwise }
      let clamped = Int(max(min(value, Int64(rank)), -Int64(rank)))
      return clamped < 0 ? clamped + rank : clamped
    }
    let start = bound("start", otherwise: 0)
    let end = max(bound("end", otherwise: rank), start)
    return Tensor(tensor.shape.dimensions[start..<end].map { Int64($0) })
  }

  private static func filled(_ extents: [Int64], with value: Tensor?) -> Tensor? {
    let value = value ?? .scalar(Float(0))
    guard let shape = checkedShape(extents), value.elementCount == 1 else { return nil }
    return value.reshaped(to: .scalar).movingElements(to: shape) { _ in 0 }
  }

  private static func range(from start: Tensor, to limit: Tensor, by step: Tensor) -> Tensor? {
    guard let first = start.integers?.first, let end = limit.integers?.first,
      let step = step.integers?.first, step != 0, start.elementType == .int64
    else { return nil }
    let (distance, overflow) = end.subtractingReportingOverflow(first)
    guard !overflow, (distance > 0) == (step > 0) else { return Tensor([Int64]()) }
    let whole = distance.magnitude / step.magnitude
    let count = whole + (distance.magnitude % step.magnitude == 0 ? 0 : 1)
    guard count <= UInt64(largestElementCount) else { return nil }
    return Tensor((0..<Int64(count)).map { first &+ $0 &* step })
  }

  /// `extents` as a shape that is worth computing.
  static func checkedShape(_ extents: [Int64]) -> Shape? {
    let shape = Shape(extents.map { Int($0) })
    guard let count = shape.checkedElementCount, count <= largestElementCount else { return nil }
    return shape
  }
}
