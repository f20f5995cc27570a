internal import Tensors

/// How GatherElements and ScatterElements pair elements: each element of `indices` names, along one
/// axis, an element of `data` whose other coordinates are its own.
struct AxisIndexing {
  private let extents: [Int]
  /// Strides of `data`, 0 along the axis.
  private let strides: [Int]
  private let axisStride: Int
  private let axisExtent: Int
  let count: Int

  init(
    _ data: Shape, indices: Shape, axis: Int, _ site: OperatorSite
  ) throws(ExecutionError) {
    guard data.rank == indices.rank, data.rank > 0,
      data.dimensions.indices.allSatisfy({ $0 == axis || indices[$0] <= data[$0] })
    else { throw site.mismatch("indices of \(indices) into \(data) along axis \(axis)") }
    extents = indices.dimensions
    var strides = data.strides
    axisStride = strides[axis]
    axisExtent = data[axis]
    strides[axis] = 0
    self.strides = strides
    count = indices.elementCount
  }

  /// Calls `body` with the position of each index and that of the element it names.
  func run(
    _ indices: IndexElements, _ body: (Int, Int) -> Void
  ) throws(ExecutionError) {
    var coordinates = [Int](repeating: 0, count: extents.count)
    var base = 0
    for position in 0..<count {
      body(position, base + (try indices.resolved(position, extent: axisExtent)) * axisStride)
      var axis = extents.count - 1
      while axis >= 0 {
        coordinates[axis] += 1
        base += strides[axis]
        if coordinates[axis] < extents[axis] { break }
        base -= strides[axis] * extents[axis]
        coordinates[axis] = 0
        axis -= 1
      }
    }
  }
}

/// How GatherND and ScatterND pair slices: the last axis of `indices` holds coordinates of the first
/// axes of `data` behind the batch axes.
struct SliceIndexing {
  /// How many slices `indices` names.
  let count: Int
  /// Elements of one slice.
  let sliceCount: Int
  /// The shape of one slice.
  let sliceShape: [Int]
  private let coordinateExtents: [Int]
  private let coordinateStrides: [Int]
  private let slicesPerBatch: Int
  private let batchStride: Int

  init(
    _ data: Shape, indices: Shape, batchAxes: Int = 0, _ site: OperatorSite
  ) throws(ExecutionError) {
    guard batchAxes >= 0, batchAxes < indices.rank, batchAxes < data.rank,
      data.dimensions[..<batchAxes] == indices.dimensions[..<batchAxes],
      let depth = indices.dimensions.last, depth >= 0, batchAxes + depth <= data.rank
    else {
      throw site.mismatch("indices of \(indices) into \(data) with \(batchAxes) batch axes")
    }
    let split = batchAxes + depth
    sliceShape = Array(data.dimensions[split...])
    sliceCount = sliceShape.reduce(1, *)
    coordinateExtents = Array(data.dimensions[batchAxes..<split])
    coordinateStrides = Array(data.strides[batchAxes..<split])
    batchStride = data.dimensions[batchAxes...].reduce(1, *)
    slicesPerBatch = indices.dimensions[batchAxes..<(indices.rank - 1)].reduce(1, *)
    count = indices.dimensions.dropLast().reduce(1, *)
  }

  /// Where in `data` the slice begins that the coordinates at `position` name.
  func start(_ position: Int, _ indices: IndexElements) throws(ExecutionError) -> Int {
    var start = (position / max(slicesPerBatch, 1)) * batchStride
    let depth = coordinateExtents.count
    for axis in 0..<depth {
      let index = try indices.resolved(position * depth + axis, extent: coordinateExtents[axis])
      start += index * coordinateStrides[axis]
    }
    return start
  }
}
