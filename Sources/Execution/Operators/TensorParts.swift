internal import Graphs
internal import Tensors

/// Tensors put together and taken apart, for operators that compute whole values.
extension OperatorCall {
  /// The slices of `tensor` along `axis`, without that axis.
  func slices(
    of tensor: Tensor, axis: Int, backwards: Bool = false
  ) throws(ExecutionError) -> [Tensor] {
    guard let axis = tensor.shape.resolved(axis: axis) else {
      throw mismatch("axis \(axis) of a value of shape \(tensor.shape)")
    }
    guard tensor.elementType.bitWidth >= 8 else { throw wrongType(tensor.elementType) }
    var dimensions = tensor.shape.dimensions
    let extent = dimensions.remove(at: axis)
    let shape = Shape(dimensions)
    let width = tensor.elementType.bitWidth / 8
    let copy = StridedCopy(
      to: shape,
      sourceStrides: tensor.shape.strides.enumerated()
        .filter { $0.offset != axis }.map(\.element), width: width)
    let stride = tensor.shape.strides[axis] * width
    let order = backwards ? Array((0..<extent).reversed()) : Array(0..<extent)
    return order.map { index in
      var slice = Tensor(tensor.elementType, shape: shape)
      tensor.withUnsafeBytes { source in
        slice.withUnsafeMutableBytes { target in
          guard let from = source.baseAddress, let to = target.baseAddress else { return }
          copy.run(from + index * stride, into: to)
        }
      }
      return slice
    }
  }

  /// Tensors of one shape side by side along a new axis.
  ///
  /// - Parameter declaration: what is known of a slice where there is none.
  func stack(
    _ slices: [Tensor], axis: Int, like declaration: ValueDeclaration
  ) throws(ExecutionError) -> Tensor {
    guard let first = slices.first else {
      let extents = declaration.dimensions?.map { $0.fixedExtent ?? 0 } ?? []
      return Tensor(declaration.elementType ?? .float32, shape: Shape([0] + extents))
    }
    guard slices.allSatisfy({ $0.shape == first.shape && $0.elementType == first.elementType })
    else { throw mismatch("iterations make values of different shapes, which cannot be stacked") }
    var dimensions = first.shape.dimensions
    guard (0...dimensions.count).contains(axis) else {
      throw mismatch("axis \(axis) for slices of shape \(first.shape)")
    }
    dimensions.insert(slices.count, at: axis)
    let unit = Tensor(first.elementType, shape: Shape(dimensions.replacing(axis, with: 1)))
    return try concatenate(
      slices.map { $0.reshaped(to: unit.shape) }, axis: axis)
  }

  /// Tensors side by side along `axis`; everything else about them is equal.
  func concatenate(_ parts: [Tensor], axis: Int) throws(ExecutionError) -> Tensor {
    guard let first = parts.first else { throw mismatch("nothing to concatenate") }
    var dimensions = first.shape.dimensions
    guard dimensions.indices.contains(axis) else {
      throw mismatch("axis \(axis) of a value of shape \(first.shape)")
    }
    guard
      parts.allSatisfy({
        $0.elementType == first.elementType
          && $0.shape.dimensions.count > axis
          && $0.shape.dimensions.replacing(axis, with: 1) == dimensions.replacing(axis, with: 1)
      })
    else {
      throw mismatch(
        "values of shapes \(parts.map(\.shape.description).joined(separator: ", ")) side by side")
    }
    dimensions[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    let shape = Shape(dimensions)
    if first.elementType == .string { throw wrongType(.string) }
    let outer = dimensions[..<axis].reduce(1, *)
    var result = Tensor(first.elementType, shape: shape)
    let rowByteCount = outer > 0 ? result.byteCount / outer : 0
    result.withUnsafeMutableBytes { target in
      guard let base = target.baseAddress else { return }
      var offset = 0
      for part in parts {
        let width = outer > 0 ? part.byteCount / outer : 0
        part.withUnsafeBytes { source in
          guard let from = source.baseAddress else { return }
          for row in 0..<outer {
            (base + row * rowByteCount + offset).copyMemory(
              from: from + row * width, byteCount: width)
          }
        }
        offset += width
      }
    }
    return result
  }
}

extension [Int] {
  func replacing(_ index: Int, with value: Int) -> [Int] {
    var copy = self
    copy[index] = value
    return copy
  }
}
