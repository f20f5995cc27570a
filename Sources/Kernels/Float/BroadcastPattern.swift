package import Tensors

/// How two dense tensors meet element by element.
package enum BroadcastPattern: Hashable, Sendable {
  case same(count: Int)
  /// The right side, `[outer, 1, inner]`, is repeated along the middle of the left side.
  case right(outer: Int, middle: Int, inner: Int)
  /// The left side, `[outer, 1, inner]`, is repeated along the middle of the right side.
  case left(outer: Int, middle: Int, inner: Int)
  /// The smaller side begins anew for each of so many blocks of the larger one.
  indirect case repeated(Int, BroadcastPattern)
  /// Every value of one side, the left one where `leftIsRows`, meets every value of the other.
  case crossed(rows: Int, columns: Int, leftIsRows: Bool)

  /// The pattern for two shapes, or nil where one needs more than one repeated run of dimensions.
  package static func between(_ left: Shape, _ right: Shape) -> BroadcastPattern? {
    guard let result = left.broadcast(with: right) else { return nil }
    if left.elementCount == right.elementCount && left.elementCount == result.elementCount {
      return .same(count: result.elementCount)
    }
    if left.elementCount == result.elementCount {
      return pattern(of: right, in: result) { .right(outer: $0, middle: $1, inner: $2) }
    }
    if right.elementCount == result.elementCount {
      return pattern(of: left, in: result) { .left(outer: $0, middle: $1, inner: $2) }
    }
    let (rows, columns) = (left.elementCount, right.elementCount)
    if precedes(left, right, in: result) {
      return .crossed(rows: rows, columns: columns, leftIsRows: true)
    }
    if precedes(right, left, in: result) {
      return .crossed(rows: columns, columns: rows, leftIsRows: false)
    }
    return nil
  }

  private static func pattern(
    of small: Shape, in result: Shape, _ simple: (Int, Int, Int) -> BroadcastPattern
  ) -> BroadcastPattern? {
    if let sizes = runs(of: small, in: result) { return simple(sizes.0, sizes.1, sizes.2) }
    // Leave away the dimensions in front that are all repeated.
    let own = padded(small, to: result.rank)
    let front = own.prefix { $0 == 1 }.count
    let rest = Shape(Array(result.dimensions[front...]))
    guard let sizes = runs(of: Shape(Array(own[front...])), in: rest) else { return nil }
    return .repeated(
      result.dimensions[..<front].reduce(1, *), simple(sizes.0, sizes.1, sizes.2))
  }

  /// Whether all dimensions of `first` lie before those of `second`, so that the result has a row
  /// for every value of the first.
  private static func precedes(_ first: Shape, _ second: Shape, in result: Shape) -> Bool {
    let (a, b) = (padded(first, to: result.rank), padded(second, to: result.rank))
    guard let last = a.lastIndex(where: { $0 != 1 }), let start = b.firstIndex(where: { $0 != 1 })
    else { return false }
    return last < start
  }

  private static func padded(_ shape: Shape, to rank: Int) -> [Int] {
    Array(repeating: 1, count: rank - shape.rank) + shape.dimensions
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
