internal import Tensors

/// Row-major elements in runs that share a scale: everything, slice by slice along an axis, or
/// block by block.
struct SliceLoop {
  private let outer: Int
  private let slices: Int
  private let inner: Int
  /// Elements along the axis that share a scale, and how many such blocks there are.
  private let blockSize: Int?
  private var blocks: Int { blockSize.map { (slices - 1) / $0 + 1 } ?? slices }

  /// - Parameters:
  ///   - axis: `nil` for one slice that is everything.
  ///   - blockSize: `nil` where every slice has a number of its own, wherever it lies.
  init(_ shape: Shape, axis: Int?, blockSize: Int? = nil) {
    outer = axis.map { shape.dimensions[..<$0].reduce(1, *) } ?? 1
    slices = axis.map { shape[$0] } ?? 1
    inner = axis.map { shape.dimensions[($0 + 1)...].reduce(1, *) } ?? shape.elementCount
    self.blockSize = blockSize
  }

  /// Calls `body` with the number of a scale and the indices of a run of its elements.
  func run(_ body: (Int, Range<Int>) -> Void) {
    guard slices > 0 else { return }
    guard let blockSize else {
      for block in 0..<(outer * slices) {
        body(block % slices, block * inner..<(block + 1) * inner)
      }
      return
    }
    for row in 0..<outer {
      if inner == 1 {
        for block in 0..<blocks {
          let start = block * blockSize
          let end = block + 1 == blocks ? slices : start + blockSize
          body(row * blocks + block, row * slices + start..<row * slices + end)
        }
        continue
      }
      for slice in 0..<slices {
        let scale = (row * blocks + slice / blockSize) * inner
        let start = (row * slices + slice) * inner
        for index in 0..<inner { body(scale + index, start + index..<start + index + 1) }
      }
    }
  }
}
