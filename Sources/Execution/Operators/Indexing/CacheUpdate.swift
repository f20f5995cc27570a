internal import Graphs
internal import Tensors

/// TensorScatter: writes new steps of a sequence into a cache, at a place of its own for each sample
/// of the batch.
struct CacheUpdate: OperatorKernel {
  private let axis: Int
  /// Whether positions behind the end begin again at the front.
  private let isCircular: Bool

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    axis = Int(clamping: node.int("axis") ?? -2)
    let mode = node.string("mode") ?? "linear"
    guard ["linear", "circular"].contains(mode) else {
      throw .invalidAttribute(
        operatorName: "TensorScatter", node: node.name, attribute: "mode", detail: "is '\(mode)'")
    }
    isCircular = mode == "circular"
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let (cache, update) = try (site.input(0), site.input(1))
    let axis = try site.axis(self.axis, of: cache.shape)
    var expected = update.shape
    guard expected.rank == cache.shape.rank, axis > 0, cache.elementType == update.elementType,
      update.shape[axis] <= cache.shape[axis]
    else { throw site.mismatch("\(update.shape) into \(cache.shape)") }
    expected[axis] = cache.shape[axis]
    guard expected == cache.shape else {
      throw site.mismatch("\(update.shape) into \(cache.shape)")
    }
    let positions = site.hasInput(2) ? try IndexOperand(2, of: site) : nil
    guard positions.map({ $0.shape == [cache.shape[0]] }) ?? true else {
      throw site.mismatch("write indices are not one for each of \(cache.shape[0]) samples")
    }
    let width = try site.movableWidth(of: cache)
    let chunk = cache.shape.dimensions[(axis + 1)...].reduce(1, *) * width
    let (length, steps) = (cache.shape[axis], update.shape[axis])
    let batch = cache.shape[0]
    let inner = cache.shape.dimensions[1..<axis].reduce(1, *)
    let reads = [site.read(cache), site.read(update)]
    let result = try site.output(0, cache.elementType, cache.shape)
    let target = site.write(result)
    let byteCount = cache.byteCount
    let isCircular = self.isCircular
    let node = site.nodeName
    try site.emit(
      [result], kernel: "scatter", reads: reads + (positions.map { [$0.buffer] } ?? []),
      sharesInputs: [0]
    ) { (run: RunContext) throws(ExecutionError) in
      let (to, from) = (run.raw(target), run.raw(reads[1]))
      if to != run.raw(reads[0]) { to.copyMemory(from: run.raw(reads[0]), byteCount: byteCount) }
      let starts = positions?.elements(run)
      for row in 0..<(batch * inner) {
        let start = starts?[row / inner] ?? 0
        guard start >= 0, isCircular || start <= Int64(length - steps) else {
          throw .indexOutOfRange(node: node, index: start, count: length)
        }
        for step in 0..<steps {
          let place = (Int(start % Int64(max(length, 1))) + step) % length
          (to + (row * length + place) * chunk).copyMemory(
            from: from + (row * steps + step) * chunk, byteCount: chunk)
        }
      }
    }
  }
}
