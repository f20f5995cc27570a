internal import Tensors

/// Moves elements of any width between arrays of any strides.
struct StridedCopy {
  /// Outermost first.
  private let extents: [Int]
  private let sourceStrides: [Int]
  private let targetStrides: [Int]
  private let width: Int

  /// - Parameters:
  ///   - extents: how many elements along each dimension.
  ///   - sourceStrides: in elements; 0 repeats, negative ones go backwards.
  ///   - targetStrides: in elements.
  ///   - width: bytes of one element.
  init(extents: [Int], sourceStrides: [Int], targetStrides: [Int], width: Int) {
    var merged: [(extent: Int, source: Int, target: Int)] = []
    for axis in extents.indices where extents[axis] != 1 {
      let next = (extents[axis], sourceStrides[axis], targetStrides[axis])
      if let last = merged.last, last.source == next.1 * next.0, last.target == next.2 * next.0 {
        merged[merged.count - 1] = (last.extent * next.0, next.1, next.2)
      } else {
        merged.append(next)
      }
    }
    if merged.isEmpty { merged.append((1, 1, 1)) }
    self.extents = merged.map(\.extent)
    self.sourceStrides = merged.map(\.source)
    self.targetStrides = merged.map(\.target)
    self.width = width
  }

  /// Copies into a dense row-major array of `shape`.
  init(to shape: Shape, sourceStrides: [Int], width: Int) {
    self.init(
      extents: shape.dimensions, sourceStrides: sourceStrides, targetStrides: shape.strides,
      width: width)
  }

  /// - Parameters: both point to the element at index 0 in every dimension.
  func run(_ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer) {
    guard extents.allSatisfy({ $0 > 0 }) else { return }
    walk(0, source, target)
  }

  private func walk(_ axis: Int, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
    guard axis == extents.count - 1 else {
      for index in 0..<extents[axis] {
        walk(
          axis + 1, source + index * sourceStrides[axis] * width,
          target + index * targetStrides[axis] * width)
      }
      return
    }
    let count = extents[axis]
    if sourceStrides[axis] == 1 && targetStrides[axis] == 1 {
      target.copyMemory(from: source, byteCount: count * width)
      return
    }
    switch width {
    case 1: row(source, target, count, axis, of: UInt8.self)
    case 2: row(source, target, count, axis, of: UInt16.self)
    case 4: row(source, target, count, axis, of: UInt32.self)
    case 16: row(source, target, count, axis, of: SIMD2<UInt64>.self)
    default: row(source, target, count, axis, of: UInt64.self)
    }
  }

  private func row<Element>(
    _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int, _ axis: Int,
    of type: Element.Type
  ) {
    let from = source.assumingMemoryBound(to: type)
    let to = target.assumingMemoryBound(to: type)
    let sourceStride = sourceStrides[axis]
    let targetStride = targetStrides[axis]
    guard targetStride == 1 else {
      for index in 0..<count { to[index &* targetStride] = from[index &* sourceStride] }
      return
    }
    switch sourceStride {
    case 0: to.update(repeating: from.pointee, count: count)
    case 2: for index in 0..<count { to[index] = from[index &* 2] }
    default: for index in 0..<count { to[index] = from[index &* sourceStride] }
    }
  }

  /// `[batch, rows, columns]` to `[batch, columns, rows]`.
  static func transpose(
    _ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer, batch: Int, rows: Int,
    columns: Int, width: Int
  ) {
    switch width {
    case 1: transpose(source, into: target, batch, rows, columns, of: UInt8.self)
    case 2: transpose(source, into: target, batch, rows, columns, of: UInt16.self)
    case 4: transpose(source, into: target, batch, rows, columns, of: UInt32.self)
    case 16: transpose(source, into: target, batch, rows, columns, of: SIMD2<UInt64>.self)
    default: transpose(source, into: target, batch, rows, columns, of: UInt64.self)
    }
  }

  private static func transpose<Element>(
    _ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer, _ batch: Int, _ rows: Int,
    _ columns: Int, of type: Element.Type
  ) {
    var from = source.assumingMemoryBound(to: type)
    var to = target.assumingMemoryBound(to: type)
    for _ in 0..<batch {
      for column in 0..<columns {
        for row in 0..<rows { to[column &* rows &+ row] = from[row &* columns &+ column] }
      }
      from += rows * columns
      to += rows * columns
    }
  }
}

extension Shape {
  /// Strides that read a value of this shape as one of shape `result`, repeating where it has 1.
  /// - Precondition: this shape broadcasts to `result`.
  func broadcastStrides(to result: Shape) -> [Int] {
    let own = strides
    let missing = result.rank - rank
    return result.dimensions.indices.map { axis in
      axis < missing || dimensions[axis - missing] == 1 ? 0 : own[axis - missing]
    }
  }

  /// With dimensions of 1 in front, up to `rank`.
  func padded(to rank: Int) -> Shape {
    Shape(Array(repeating: 1, count: max(0, rank - self.rank)) + dimensions)
  }
}
