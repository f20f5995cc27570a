package import Tensors

/// Which parameters belong to which element of a tensor.
package enum ParameterLayout: Hashable, Sendable {
  case perTensor
  /// One map per index along `axis`; a negative axis counts from the back.
  case perAxis(axis: Int)
  /// ONNX opset 21: the parameters have the tensor's rank, and along `axis` one map serves `size`
  /// elements in a row; the last block may be short.
  case blocked(axis: Int, size: Int)

  /// How many maps a tensor of `shape` needs.
  package func parameterCount(for shape: Shape) throws(AffineError) -> Int {
    let extent = try extent(in: shape)
    return extent.parameterCount
  }

  func extent(in shape: Shape) throws(AffineError) -> LayoutExtent {
    switch self {
    case .perTensor:
      return LayoutExtent(
        outer: 1, length: 1, inner: shape.elementCount, block: 1, isBlocked: false)
    case .perAxis(let axis):
      return try LayoutExtent(shape: shape, axis: axis, block: 1, isBlocked: false)
    case .blocked(let axis, let size):
      guard size > 0 else { throw .badBlockSize(size) }
      return try LayoutExtent(shape: shape, axis: axis, block: size, isBlocked: true)
    }
  }
}

/// A tensor seen as `[outer, length, inner]` around one axis, cut into blocks along it.
struct LayoutExtent {
  let outer: Int
  let length: Int
  let inner: Int
  let block: Int
  /// Whether parameters also vary along the outer and inner dimensions.
  let isBlocked: Bool

  init(outer: Int, length: Int, inner: Int, block: Int, isBlocked: Bool) {
    self.outer = outer
    self.length = length
    self.inner = inner
    self.block = block
    self.isBlocked = isBlocked
  }

  init(shape: Shape, axis: Int, block: Int, isBlocked: Bool) throws(AffineError) {
    guard let axis = shape.resolved(axis: axis) else { throw .badAxis(axis, rank: shape.rank) }
    self.init(
      outer: shape.dimensions[..<axis].reduce(1, *), length: shape[axis],
      inner: shape.dimensions[(axis + 1)...].reduce(1, *), block: block, isBlocked: isBlocked)
  }

  var blockCount: Int { (length + block - 1) / block }
  var parameterCount: Int { isBlocked ? outer * blockCount * inner : length }

  /// Calls `body` with every element's index and that of its map, in memory order.
  @inline(__always)
  func forEach(_ body: (_ element: Int, _ parameter: Int) -> Void) {
    var element = 0
    for outerIndex in 0..<outer {
      for index in 0..<length {
        let first = isBlocked ? (outerIndex * blockCount + index / block) * inner : index
        for innerIndex in 0..<inner {
          body(element, isBlocked ? first + innerIndex : first)
          element += 1
        }
      }
    }
  }
}

/// Why a tensor could not be mapped.
package enum AffineError: Error, Equatable, CustomStringConvertible {
  case badAxis(Int, rank: Int)
  case badBlockSize(Int)
  case parameterCount(expected: Int, scales: Int, zeroPoints: Int)
  case valueCount(expected: Int, found: Int)

  package var description: String {
    switch self {
    case .badAxis(let axis, let rank):
      "axis \(axis) lies outside a tensor of rank \(rank): use \(-rank)..<\(rank)"
    case .badBlockSize(let size):
      "a block of \(size) elements is not possible: use 1 or more"
    case .parameterCount(let expected, let scales, let zeroPoints):
      "\(expected) scales and zero points are needed, found \(scales) and \(zeroPoints)"
    case .valueCount(let expected, let found):
      "the shape has \(expected) elements, found \(found)"
    }
  }
}
