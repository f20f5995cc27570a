internal import Graphs
internal import Tensors

/// Gather along one axis. Indices outside of it are an error of the data.
struct Gathering: OperatorKernel {
  private let axis: Int

  init(_ node: Node, opset: Int64) { axis = Int(clamping: node.int("axis") ?? 0) }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let indices = try IndexOperand(1, of: site)
    let axis = try site.axis(self.axis, of: input.shape)
    let dimensions = input.shape.dimensions
    let extent = dimensions[axis]
    let outer = dimensions[..<axis].reduce(1, *)
    let chunk = dimensions[(axis + 1)...].reduce(1, *) * (try site.movableWidth(of: input))
    let shape = Shape(
      Array(dimensions[..<axis]) + indices.shape.dimensions + Array(dimensions[(axis + 1)...]))
    let source = site.read(input)
    let result = try site.output(0, input.elementType, shape)
    let target = site.write(result)
    let count = indices.shape.elementCount
    try site.emit([result], kernel: "gather", reads: [source, indices.buffer]) {
      (run: RunContext) throws(ExecutionError) in
      let (from, to) = (run.raw(source), run.raw(target))
      let elements = indices.elements(run)
      for position in 0..<count {
        let index = try elements.resolved(position, extent: extent)
        for block in 0..<outer {
          (to + (block * count + position) * chunk).copyMemory(
            from: from + (block * extent + index) * chunk, byteCount: chunk)
        }
      }
    }
  }
}
