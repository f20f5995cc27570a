internal import Graphs
internal import Kernels
internal import Tensors

/// Transpose. A permutation that only undoes or makes the channels-last order moves nothing.
struct Transposition: OperatorKernel {
  private let permutation: [Int]?

  init(_ node: Node, opset: Int64) {
    permutation = node.ints("perm").map { $0.map { Int(clamping: $0) } }
  }

  /// For each axis of the result, the input's axis.
  func order(for shape: Shape, _ site: OperatorSite) throws(ExecutionError) -> [Int] {
    let order = permutation ?? Array((0..<shape.rank).reversed())
    guard order.sorted() == Array(0..<shape.rank) else {
      throw site.mismatch("permutation \(order) of \(shape)")
    }
    return order
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let order = try order(for: input.shape, site)
    let shape = Shape(order.map { input.shape[$0] })
    if let (layout, form) = site.freeForm(of: input, permuted: order, shape) {
      let result = Value(
        name: site.lastUnit.outputs[0], elementType: input.elementType, shape: shape,
        layout: layout)
      result.forms[layout] = form
      return site.declare(result)
    }
    if site.defer(transposing: input, order: order, shape: shape) { return }
    let buffer = try site.permuted(input, order: order, declares: true)
    let result = Value(
      name: site.lastUnit.outputs[0], elementType: input.elementType, shape: shape)
    result.forms[.rowMajor] = buffer
    site.declare(result)
  }
}

extension OperatorSite {
  /// A layout in which the permuted value is the bytes that `value` has already.
  func freeForm(
    of value: Value, permuted order: [Int], _ shape: Shape
  ) -> (Layout, Buffer.ID)? {
    if value.forms.isEmpty { _ = read(value, value.preferredLayout) }
    for (layout, form) in value.forms {
      // Axes of the result in the order in which memory has them, without those of extent 1.
      let memory = layout.axes(rank: order.count).map { axis in order.firstIndex(of: axis) ?? 0 }
        .filter { shape[$0] != 1 }
      for target in [Layout.rowMajor, .channelsLast] {
        guard target == .rowMajor || Layout.supportsChannelsLast(rank: shape.rank) else { continue }
        if target.axes(rank: shape.rank).filter({ shape[$0] != 1 }) == memory {
          return (target, form)
        }
      }
    }
    return nil
  }

  /// A row-major copy of `value` with its axes in `order`.
  /// - Parameter declares: whether this is what the operator is about, not a preparation.
  func permuted(
    _ value: Value, order: [Int], declares: Bool = false
  ) throws(ExecutionError) -> Buffer.ID {
    let layout = value.preferredLayout
    let source = read(value, layout)
    let rank = value.shape.rank
    let memoryStrides = layout.memoryShape(of: value.shape).strides
    let shape = Shape(order.map { value.shape[$0] })
    let strides = order.map { memoryStrides[layout.memoryAxis($0, rank: rank)] }
    let width = max(1, value.elementType.bitWidth / 8)
    let target = compiler.addBuffer(.arena, byteCount: shape.elementCount * width)
    let body: Step.Body
    let plane = PlaneTransposition(shape, strides)
    if let plane, value.elementType == .float32 {
      let isa = self.isa
      body = { (run: RunContext) throws(ExecutionError) in
        LayoutFloat.transpose(
          run.floats(source), into: run.floats(target), batch: plane.batch, rows: plane.rows,
          columns: plane.columns, isa: isa, pool: run.pool)
      }
    } else if let plane, width == 1 {
      let kernels = Int8Kernels(isa: isa)
      body = { (run: RunContext) throws(ExecutionError) in
        kernels.transpose(
          run.codes(source), run.codes(target), batch: plane.batch, rows: plane.rows,
          columns: plane.columns, pool: run.pool)
      }
    } else {
      let copy = StridedCopy(to: shape, sourceStrides: strides, width: width)
      body = { (run: RunContext) throws(ExecutionError) in
        copy.run(run.raw(source), into: run.raw(target))
      }
    }
    try compiler.emit(
      Step(
        name: nodeName, operatorName: "Transpose", nodes: declares ? unit.nodes : [],
        output: declares ? unit.outputs.first ?? "" : "", outputShape: shape,
        kernel: "transpose-\(value.elementType)", reads: [source], writes: [target], body: body))
    return target
  }
}

/// A permutation that swaps two neighbouring blocks of axes: `[batch, rows, columns]` becomes
/// `[batch, columns, rows]`.
struct PlaneTransposition {
  let batch: Int
  let rows: Int
  let columns: Int

  /// - Parameters:
  ///   - shape: of the result.
  ///   - strides: of the source, for each axis of the result.
  init?(_ shape: Shape, _ strides: [Int]) {
    let axes = shape.dimensions.indices.filter { shape[$0] != 1 }
    guard axes.count >= 2, shape.elementCount > 0 else { return nil }
    // Merge axes that are dense among themselves, then expect two or three blocks.
    var blocks: [(extent: Int, stride: Int)] = []
    for axis in axes {
      if let last = blocks.last, last.stride == strides[axis] * shape[axis] {
        blocks[blocks.count - 1] = (last.extent * shape[axis], strides[axis])
      } else {
        blocks.append((shape[axis], strides[axis]))
      }
    }
    if blocks.count == 2 { blocks.insert((1, shape.elementCount), at: 0) }
    guard blocks.count == 3, blocks[1].stride == 1, blocks[2].stride == blocks[1].extent,
      blocks[0].stride == blocks[1].extent * blocks[2].extent || blocks[0].extent == 1
    else { return nil }
    batch = blocks[0].extent
    rows = blocks[2].extent
    columns = blocks[1].extent
  }
}
