internal import Graphs
internal import Tensors

/// Split into parts of given or equal sizes.
struct Splitting: OperatorKernel {
  private let axis: Int
  private let sizes: [Int]?

  init(_ node: Node, opset: Int64) {
    axis = Int(clamping: node.int("axis") ?? 0)
    sizes = node.ints("split").map { $0.map { Int(clamping: $0) } }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let axis = try site.axis(self.axis, of: input.shape)
    let extent = input.shape[axis]
    var parts = sizes ?? equal(extent, site.outputCount)
    if sizes == nil, site.hasInput(1) { parts = try site.integers(1) }
    guard parts.count == site.outputCount, parts.allSatisfy({ $0 >= 0 }),
      parts.reduce(0, { $0.addingReportingOverflow($1).partialValue }) == extent
    else {
      throw site.mismatch("\(parts) along axis \(axis) of \(input.shape)")
    }
    var start = 0
    for (index, count) in parts.enumerated() {
      defer { start += count }
      guard !site.unit.outputs[index].isEmpty else { continue }
      var ranges = input.shape.dimensions.map { Slicing.Range(start: 0, step: 1, count: $0) }
      ranges[axis] = Slicing.Range(start: start, step: 1, count: count)
      var shape = input.shape
      shape[axis] = count
      try site.emitPart(of: input, ranges: ranges, shape: shape, index)
    }
  }

  /// The last part may be smaller.
  private func equal(_ extent: Int, _ count: Int) -> [Int] {
    let size = (extent + count - 1) / max(count, 1)
    return (0..<count).map { min(size, max(0, extent - $0 * size)) }
  }
}
