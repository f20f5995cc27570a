internal import Tensors

/// A mask that broadcasts to `[batch, heads, queries, keys]`: what is added to scores, or which of
/// them count.
struct AttentionMask {
  let buffer: Buffer.ID
  private let isBoolean: Bool
  private let strides: [Int]
  /// Keys that the mask covers; those behind are excluded.
  private let columns: Int

  /// - Parameter padsKeys: whether a mask with fewer columns excludes the remaining keys.
  init(
    _ value: Value, batch: Int, heads: Int, queries: Int, keys: Int, padsKeys: Bool,
    _ site: OperatorSite
  ) throws(ExecutionError) {
    isBoolean = value.elementType == .bool
    let given = value.shape.dimensions.last ?? 1
    columns = padsKeys && given < keys ? given : keys
    let full = Shape([batch, heads, queries, columns])
    guard value.shape.rank <= 4, value.shape.broadcast(with: full) == full else {
      throw site.mismatch("a mask of \(value.shape) for scores of \(full)")
    }
    strides = value.shape.broadcastStrides(to: full)
    buffer = site.read(isBoolean ? value : try site.operand(value, as: .float32))
  }

  /// Adds the mask to a row of biases.
  func add(
    to row: UnsafeMutablePointer<Float>, _ batch: Int, _ head: Int, _ query: Int, keys: Int,
    _ run: RunContext
  ) {
    let start = batch * strides[0] + head * strides[1] + query * strides[2]
    if isBoolean {
      let mask = run.codes(buffer) + start
      for key in 0..<columns where mask[key * strides[3]] == 0 { row[key] = -.infinity }
    } else {
      let mask = run.floats(buffer) + start
      for key in 0..<columns { row[key] += mask[key * strides[3]] }
    }
    for key in columns..<max(columns, keys) { row[key] = -.infinity }
  }
}

/// Which keys a query sees by its place: those before it, those near it, those that are no padding.
struct AttentionReach: Sendable {
  var isCausal = false
  /// Keys before and behind a query's own place; `nil` for all.
  var left: Int?
  var right: Int?

  var isUnlimited: Bool { !isCausal && left == nil && right == nil }

  /// The keys that the query at `place` sees, of those before `limit`.
  func range(place: Int, limit: Int) -> Range<Int> {
    var (low, high) = (0, limit)
    if isCausal { high = min(high, place + 1) }
    if let right { high = min(high, place + right + 1) }
    if let left { low = max(low, place - left) }
    high = max(high, 0)
    return min(low, high)..<high
  }
}

extension UnsafeMutablePointer<Float> {
  /// Excludes the keys of a row outside of `range`.
  func exclude(outside range: Range<Int>, of keys: Int) {
    for key in 0..<range.lowerBound { self[key] = -.infinity }
    for key in range.upperBound..<Swift.max(range.upperBound, keys) { self[key] = -.infinity }
  }
}
