internal import Tensors

// Operators that move elements without looking at them.
extension Tensor {
  /// A tensor of `shape` whose element at each row-major position is this tensor's element at
  /// `source(position)`. `nil` for strings and 4-bit types.
  func movingElements(to shape: Shape, from source: (Int) -> Int) -> Tensor? {
    let width = elementType.bitWidth / 8
    guard width > 0 else { return nil }
    var result = Tensor(elementType, shape: shape)
    withUnsafeBytes { from in
      result.withUnsafeMutableBytes { to in
        for position in 0..<shape.elementCount {
          let start = source(position) * width
          for byte in 0..<width { to[position * width + byte] = from[start + byte] }
        }
      }
    }
    return result
  }

  func gather(_ indices: Tensor, axis: Int64) -> Tensor? {
    guard let axis = Int(exactly: axis).flatMap({ shape.resolved(axis: $0) }),
      let wanted = indices.integers
    else { return nil }
    let extent = shape[axis]
    var rows: [Int] = []
    for index in wanted {
      guard index >= -Int64(extent), index < Int64(extent) else { return nil }
      rows.append(index < 0 ? Int(index) + extent : Int(index))
    }
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    let dimensions =
      shape.dimensions[..<axis] + indices.shape.dimensions + shape.dimensions[(axis + 1)...]
    guard let result = ConstantOperators.checkedShape(dimensions.map { Int64($0) }) else {
      return nil
    }
    return movingElements(to: result) { position in
      let outer = position / inner / rows.count
      return (outer * extent + rows[position / inner % rows.count]) * inner + position % inner
    }
  }

  static func concatenation(of parts: [Tensor], axis: Int64) -> Tensor? {
    guard let first = parts.first, first.elementType.bitWidth >= 8,
      let axis = Int(exactly: axis).flatMap({ first.shape.resolved(axis: $0) })
    else { return nil }
    var shape = first.shape
    shape[axis] = 0
    for part in parts {
      guard part.elementType == first.elementType, part.shape.rank == shape.rank else {
        return nil
      }
      for other in 0..<shape.rank where other != axis {
        guard part.shape[other] == shape[other] else { return nil }
      }
      shape[axis] += part.shape[axis]
    }
    let width = first.elementType.bitWidth / 8
    let inner = shape.dimensions[(axis + 1)...].reduce(width, *)
    let outer = shape.dimensions[..<axis].reduce(1, *)
    var result = Tensor(first.elementType, shape: shape)
    let rowBytes = shape[axis] * inner
    result.withUnsafeMutableBytes { to in
      var column = 0
      for part in parts {
        let length = part.shape[axis] * inner
        part.withUnsafeBytes { from in
          for row in 0..<outer {
            for byte in 0..<length {
              to[row * rowBytes + column + byte] = from[row * length + byte]
            }
          }
        }
        column += length
      }
    }
    return result
  }

  /// Bounds are clamped to the extents as ONNX says, also for negative steps.
  func slice(starts: [Int64], ends: [Int64], axes: [Int64]?, steps: [Int64]?) -> Tensor? {
    let axes = axes ?? Array(0..<Int64(starts.count))
    let steps = steps ?? Array(repeating: 1, count: starts.count)
    guard starts.count == ends.count, axes.count == starts.count, steps.count == starts.count
    else { return nil }
    var result = shape
    var firsts = [Int](repeating: 0, count: shape.rank)
    var strides = [Int](repeating: 1, count: shape.rank)
    for (position, axis) in axes.enumerated() {
      guard let axis = Int(exactly: axis).flatMap({ shape.resolved(axis: $0) }),
        steps[position] != 0, steps[position] > -(1 << 40), steps[position] < 1 << 40
      else { return nil }
      let (step, extent) = (Int(steps[position]), shape[axis])
      let lowest = step > 0 ? 0 : -1
      let highest = step > 0 ? extent : extent - 1
      func clamped(_ bound: Int64) -> Int {
        let fromFront = bound < 0 ? bound + Int64(extent) : bound
        return Int(max(min(fromFront, Int64(highest)), Int64(lowest)))
      }
      let (start, end) = (clamped(starts[position]), clamped(ends[position]))
      let distance = step > 0 ? end - start : start - end
      result[axis] = distance > 0 ? (distance + abs(step) - 1) / abs(step) : 0
      firsts[axis] = start
      strides[axis] = step
    }
    let from = shape.strides
    let to = result.strides
    return movingElements(to: result) { position in
      var (rest, source) = (position, 0)
      for axis in 0..<to.count {
        source += (firsts[axis] + rest / to[axis] * strides[axis]) * from[axis]
        rest %= to[axis]
      }
      return source
    }
  }

  func unsqueezed(axes: [Int64]) -> Tensor? {
    let rank = shape.rank + axes.count
    var inserted = Set<Int>()
    for axis in axes {
      guard let axis = Int(exactly: axis), axis >= -rank, axis < rank,
        inserted.insert(axis < 0 ? axis + rank : axis).inserted
      else { return nil }
    }
    var rest = shape.dimensions[...]
    let dimensions = (0..<rank).map { inserted.contains($0) ? 1 : rest.removeFirst() }
    return reshaped(to: Shape(dimensions))
  }

  /// Without `axes`, every dimension of 1 goes.
  func squeezed(axes: [Int64]?) -> Tensor? {
    guard let axes else { return reshaped(to: Shape(shape.dimensions.filter { $0 != 1 })) }
    var removed = Set<Int>()
    for axis in axes {
      guard let axis = Int(exactly: axis).flatMap({ shape.resolved(axis: $0) }), shape[axis] == 1
      else { return nil }
      removed.insert(axis)
    }
    let kept = (0..<shape.rank).filter { !removed.contains($0) }.map { shape[$0] }
    return reshaped(to: Shape(kept))
  }

  /// ONNX Reshape: 0 keeps the extent, unless `keepsZero`; one -1 takes what is left.
  func reshaped(to extents: [Int64], keepsZero: Bool) -> Tensor? {
    var dimensions: [Int] = []
    var open: Int?
    for (position, extent) in extents.enumerated() {
      switch extent {
      case -1:
        guard open == nil else { return nil }
        open = position
        dimensions.append(1)
      case 0 where !keepsZero:
        guard position < shape.rank else { return nil }
        dimensions.append(shape[position])
      default: dimensions.append(Int(extent))
      }
    }
    guard let known = Shape(dimensions).checkedElementCount else { return nil }
    if let open {
      guard known > 0, elementCount % known == 0 else { return nil }
      dimensions[open] = elementCount / known
    }
    guard Shape(dimensions).checkedElementCount == elementCount else { return nil }
    return reshaped(to: Shape(dimensions))
  }

  func transposed(_ permutation: [Int64]?) -> Tensor? {
    let rank = shape.rank
    let order = permutation.map { $0.map { Int($0) } } ?? Array((0..<rank).reversed())
    guard order.sorted() == Array(0..<rank) else { return nil }
    let result = Shape(order.map { shape[$0] })
    let from = shape.strides
    let to = result.strides
    return movingElements(to: result) { position in
      var (rest, source) = (position, 0)
      for axis in 0..<rank {
        source += rest / to[axis] * from[order[axis]]
        rest %= to[axis]
      }
      return source
    }
  }
}
