internal import Graphs
internal import Tensors

/// CenterCropPad: the middle of each axis, or zeros around it.
struct CenterCropPad: OperatorKernel {
  private let axes: [Int]?

  init(_ node: Node, opset: Int64) {
    axes = node.ints("axes").map { $0.map { Int(clamping: $0) } }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let wanted = try site.integers(1)
    var chosen = Array(0..<input.shape.rank)
    if let axes {
      chosen = []
      for axis in axes { chosen.append(try site.axis(axis, of: input.shape)) }
    }
    guard wanted.count == chosen.count, wanted.allSatisfy({ $0 >= 0 && $0 < 1 << 31 }) else {
      throw site.mismatch("extents \(wanted) for \(input.shape)")
    }
    var sources = input.shape.dimensions.map { Array(0..<$0) }
    for (axis, extent) in zip(chosen, wanted) {
      let own = input.shape[axis]
      // The odd element is cut, or added, at the end.
      let shift = own > extent ? (own - extent) / 2 : -((extent - own) / 2)
      sources[axis] = (0..<extent).map { (0..<own).contains($0 + shift) ? $0 + shift : -1 }
    }
    let copy = IndexedCopy(
      from: input.shape, sources: sources, fill: try site.elementBytes(0, input.elementType))
    let source = site.read(input)
    let result = try site.output(0, input.elementType, Shape(sources.map(\.count)))
    let target = site.write(result)
    try site.emit([result], kernel: "crop-or-pad", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      copy.run(run.raw(source), into: run.raw(target), pool: run.pool)
    }
  }
}
