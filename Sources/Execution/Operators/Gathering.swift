internal import Graphs
internal import Tensors

/// Gather along one axis. Indices outside of it are an error of the data.
struct Gathering: OperatorKernel {
  private let axis: Int

  init(_ node: Node, opset: Int64) { axis = Int(clamping: node.int("axis") ?? 0) }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let indices = try site.input(1)
    let axis = try site.axis(self.axis, of: input.shape)
    let isWide = indices.elementType == .int64
    guard isWide || indices.elementType == .int32 else {
      throw .wrongElementType(
        operatorName: "Gather", node: site.nodeName, found: indices.elementType)
    }
    let dimensions = input.shape.dimensions
    let extent = dimensions[axis]
    let outer = dimensions[..<axis].reduce(1, *)
    let chunk = dimensions[(axis + 1)...].reduce(1, *) * max(1, input.elementType.bitWidth / 8)
    let shape = Shape(
      Array(dimensions[..<axis]) + indices.shape.dimensions + Array(dimensions[(axis + 1)...]))
    let reads = [site.read(input), site.read(indices)]
    let result = try site.output(0, input.elementType, shape)
    let target = site.write(result)
    let count = indices.shape.elementCount
    let node = site.nodeName
    try site.emit([result], kernel: "gather", reads: reads) {
      (run: RunContext) throws(ExecutionError) in
      let (from, to) = (run.raw(reads[0]), run.raw(target))
      for position in 0..<count {
        let given =
          isWide
          ? run.elements(reads[1], of: Int64.self)[position]
          : Int64(run.elements(reads[1], of: Int32.self)[position])
        let index = given < 0 ? given + Int64(extent) : given
        guard index >= 0, index < extent else {
          throw .indexOutOfRange(node: node, index: given, count: extent)
        }
        for block in 0..<outer {
          (to + (block * count + position) * chunk).copyMemory(
            from: from + (block * extent + Int(index)) * chunk, byteCount: chunk)
        }
      }
    }
  }
}
