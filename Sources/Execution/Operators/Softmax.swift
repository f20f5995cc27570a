internal import Graphs
internal import Kernels
internal import Tensors

/// Softmax and LogSoftmax along one axis; before opset 13 over all axes from that one on.
struct Softmax: OperatorKernel {
  static let widensHalves = true
  private let axis: Int
  private let isFlattening: Bool
  private let isLogarithm: Bool

  init(_ node: Node, opset: Int64) {
    isFlattening = opset < 13
    axis = Int(clamping: node.int("axis") ?? (isFlattening ? 1 : -1))
    isLogarithm = node.is("LogSoftmax")
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    try site.requireFloat(input)
    let shape = input.shape
    let axis = shape.rank == 0 ? 0 : try site.axis(self.axis, of: shape)
    let columns =
      shape.rank == 0 ? 1 : isFlattening ? shape.dimensions[axis...].reduce(1, *) : shape[axis]
    let isa = site.isa
    let isLogarithm = self.isLogarithm
    let rows = columns == 0 ? 0 : shape.elementCount / columns
    let layout = input.preferredLayout
    let isInnermost =
      isFlattening
      ? layout == .rowMajor : layout.memoryAxis(axis, rank: shape.rank) >= shape.rank - 1
    let kernel = "softmax-f32-\(isa.rawValue)"
    if isInnermost || isFlattening {
      let order = isInnermost ? layout : .rowMajor
      let source = site.read(input, order)
      let result = try site.output(0, .float32, shape, order)
      let target = site.write(result)
      return try site.emit([result], kernel: kernel, reads: [source], sharesInputs: [0]) {
        (run: RunContext) throws(ExecutionError) in
        SoftmaxFloat.run(
          run.floats(source), into: run.floats(target), rows: rows, columns: columns,
          logarithm: isLogarithm, isa: isa, pool: run.pool)
      }
    }
    // Bring the axis to the end, and back afterwards.
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    let outer = shape.dimensions[..<axis].reduce(1, *)
    let source = site.read(input)
    let result = try site.output(0, .float32, shape)
    let target = site.write(result)
    let scratch = site.scratch(byteCount: 4 * shape.elementCount)
    try site.emit([result], kernel: kernel, reads: [source], scratch: scratch) {
      (run: RunContext) throws(ExecutionError) in
      let turned = run.scratch(scratch).assumingMemoryBound(to: Float.self)
      LayoutFloat.transpose(
        run.floats(source), into: turned, batch: outer, rows: columns, columns: inner, isa: isa,
        pool: run.pool)
      SoftmaxFloat.run(
        turned, into: turned, rows: rows, columns: columns, logarithm: isLogarithm, isa: isa,
        pool: run.pool)
      LayoutFloat.transpose(
        turned, into: run.floats(target), batch: outer, rows: inner, columns: columns, isa: isa,
        pool: run.pool)
    }
  }
}
