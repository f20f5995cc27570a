package import Tensors

/// How two dense tensors meet element by element.
package enum BroadcastPattern: Hashable, Sendable {
  case same(count: Int)
  /// The right side, `[outer, 1, inner]`, is repeated along the middle of the left side.
  case right(outer: Int, middle: Int, inner: Int)
  /// The left side, `[outer, 1, inner]`, is repeated along the middle of the right side.
  case left(outer: Int, middle: Int, inner: Int)

  /// The pattern for two shapes, or nil where one needs more than one repeated run of dimensions.
  package static func between(_ left: Shape, _ right: Shape) -> BroadcastPattern? {
    guard let result = left.broadcast(with: right) else { return nil }
    if left.elementCount == right.elementCount && left.elementCount == result.elementCount {
      return .same(count: result.elementCount)
    }
    if left.elementCount == result.elementCount {
      return runs(of: right, in: result).map { .right(outer: $0.0, middle: $0.1, inner: $0.2) }
    }
    if right.elementCount == result.elementCount {
      return runs(of: left, in: result).map { .left(outer: $0.0, middle: $0.1, inner: $0.2) }
    }
    return nil
  }

  /// Splits `result` so that `small` is `[outer, 1, inner]`.
  private static func runs(of small: Shape, in result: Shape) -> (Int, Int, Int)? {
    let missing = result.rank - small.rank
    let repeated = (0..<result.rank).filter { axis in
      result[axis] != 1 && (axis < missing || small[axis - missing] == 1)
    }
    guard let first = repeated.first, let last = repeated.last else { return nil }
    let between = (first...last).filter { result[$0] != 1 }
    guard between == repeated else { return nil }
    let sizes = result.dimensions
    return (
      sizes[..<first].reduce(1, *), sizes[first...last].reduce(1, *),
      sizes[(last + 1)...].reduce(1, *)
    )
  }
}
