internal import Graphs
internal import Tensors

/// GatherElements: for each index the element at its own place, but for one axis.
struct ElementGathering: OperatorKernel {
  private let axis: Int

  init(_ node: Node, opset: Int64) { axis = Int(clamping: node.int("axis") ?? 0) }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let indices = try IndexOperand(1, of: site)
    let axis = try site.axis(self.axis, of: input.shape)
    let indexing = try AxisIndexing(input.shape, indices: indices.shape, axis: axis, site)
    let width = try site.movableWidth(of: input)
    let source = site.read(input)
    let result = try site.output(0, input.elementType, indices.shape)
    let target = site.write(result)
    try site.emit([result], kernel: "gather", reads: [source, indices.buffer]) {
      (run: RunContext) throws(ExecutionError) in
      let (from, to) = (run.raw(source), run.raw(target))
      try indexing.run(indices.elements(run)) { position, element in
        (to + position * width).copyMemory(from: from + element * width, byteCount: width)
      }
    }
  }
}

/// GatherND: slices that tuples of coordinates name.
struct SliceGathering: OperatorKernel {
  private let batchAxes: Int

  init(_ node: Node, opset: Int64) { batchAxes = Int(clamping: node.int("batch_dims") ?? 0) }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let indices = try IndexOperand(1, of: site)
    let indexing = try SliceIndexing(
      input.shape, indices: indices.shape, batchAxes: batchAxes, site)
    let width = try site.movableWidth(of: input)
    let source = site.read(input)
    let result = try site.output(
      0, input.elementType, Shape(indices.shape.dimensions.dropLast() + indexing.sliceShape))
    let target = site.write(result)
    let chunk = indexing.sliceCount * width
    try site.emit([result], kernel: "gather", reads: [source, indices.buffer]) {
      (run: RunContext) throws(ExecutionError) in
      let (from, to) = (run.raw(source), run.raw(target))
      let elements = indices.elements(run)
      for position in 0..<indexing.count {
        let start = try indexing.start(position, elements)
        (to + position * chunk).copyMemory(from: from + start * width, byteCount: chunk)
      }
    }
  }
}
