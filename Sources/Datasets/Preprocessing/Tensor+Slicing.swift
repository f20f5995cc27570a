package import Tensors

extension Tensor {
  /// One element of the first axis, without it; shares storage.
  /// - Precondition: elements are whole bytes and the index lies inside.
  func slice(_ index: Int) -> Tensor {
    precondition(index >= 0 && index < shape[0], "row \(index) of \(shape)")
    let shape = Shape(Array(shape.dimensions.dropFirst()))
    let count = shape.elementCount
    if let strings {
      return Tensor(strings: Array(strings[index * count..<(index + 1) * count]), shape: shape)
    }
    return Tensor(
      elementType, shape: shape, storage: storage,
      byteOffset: byteOffset + index * elementType.byteCount(elements: count))
  }

  /// `count` positions of one axis, as a new tensor.
  /// - Precondition: elements are whole bytes and the range lies inside.
  func slice(axis: Int, from start: Int, count: Int) -> Tensor {
    precondition(start >= 0 && start + count <= shape[axis], "\(start)+\(count) of \(shape)")
    guard count != shape[axis] else { return self }
    var extents = shape
    extents[axis] = count
    var result = Tensor(elementType, shape: extents)
    let inner = shape.strides[axis] * elementType.bitWidth / 8
    let (from, to) = (inner * shape[axis], inner * count)
    withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        guard to > 0 else { return }
        for line in 0..<(target.count / to) {
          let piece = source[(line * from + start * inner)...].prefix(to)
          UnsafeMutableRawBufferPointer(rebasing: target[(line * to)...].prefix(to))
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
        }
      }
    }
    return result
  }

  /// The positions of one axis in reverse.
  func reversed(axis: Int) -> Tensor {
    var result = Tensor(elementType, shape: shape)
    let inner = shape.strides[axis] * elementType.bitWidth / 8
    let extent = shape[axis]
    withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        guard inner > 0, extent > 0 else { return }
        for line in 0..<(target.count / inner) {
          let mirrored = line / extent * extent + extent - 1 - line % extent
          UnsafeMutableRawBufferPointer(rebasing: target[(line * inner)...].prefix(inner))
            .copyMemory(
              from: UnsafeRawBufferPointer(rebasing: source[(mirrored * inner)...].prefix(inner)))
        }
      }
    }
    return result
  }

  /// Samples of one shape under a new first axis.
  package static func stacked(_ samples: [Tensor], place: String) throws(DatasetError) -> Tensor {
    guard let first = samples.first else { return Tensor(.float32, shape: [0]) }
    for sample in samples where sample.shape != first.shape {
      throw .doesNotFit(
        place: place,
        what: "Samples of the shapes \(first.shape) and \(sample.shape) cannot share a batch.",
        whatToDo: "Use a batch of 1, or bring them to one size with resize and crop.")
    }
    for sample in samples where sample.elementType != first.elementType {
      throw .doesNotFit(
        place: place,
        what: "Samples of \(first.elementType) and \(sample.elementType) cannot share a batch.",
        whatToDo: "Bring them to one type with --preprocess dtype=….")
    }
    let shape = Shape([samples.count] + first.shape.dimensions)
    if first.strings != nil {
      return Tensor(strings: samples.flatMap { $0.strings ?? [] }, shape: shape)
    }
    var batch = Tensor(first.elementType, shape: shape)
    let byteCount = first.byteCount
    batch.withUnsafeMutableBytes { target in
      for (index, sample) in samples.enumerated() {
        sample.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(rebasing: target[(index * byteCount)...].prefix(byteCount))
            .copyMemory(from: $0)
        }
      }
    }
    return batch
  }
}
