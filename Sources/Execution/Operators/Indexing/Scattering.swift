internal import Graphs
internal import Tensors

/// ScatterElements: each update goes to its own place but for one axis.
struct ElementScattering: OperatorKernel {
  private let axis: Int
  private let reduction: ScatterReduction

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    axis = Int(clamping: node.int("axis") ?? 0)
    reduction = try ScatterReduction(node)
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let data = try site.input(0)
    let indices = try IndexOperand(1, of: site)
    let axis = try site.axis(self.axis, of: data.shape)
    let indexing = try AxisIndexing(data.shape, indices: indices.shape, axis: axis, site)
    let updates = try site.input(2)
    guard updates.shape == indices.shape else {
      throw site.mismatch("updates of \(updates.shape) for indices of \(indices.shape)")
    }
    let width = try site.movableWidth(of: data)
    try site.emitScatter(into: data, updates, indices, reduction) {
      (elements: IndexElements, combine, to, from) throws(ExecutionError) in
      try indexing.run(elements) { position, element in
        combine(to + element * width, from + position * width, 1)
      }
    }
  }
}

/// ScatterND: each update is a slice that goes where a tuple of coordinates says.
struct SliceScattering: OperatorKernel {
  private let reduction: ScatterReduction

  init(_ node: Node, opset: Int64) throws(ExecutionError) { reduction = try ScatterReduction(node) }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let data = try site.input(0)
    let indices = try IndexOperand(1, of: site)
    let indexing = try SliceIndexing(data.shape, indices: indices.shape, site)
    let updates = try site.input(2)
    let expected = Shape(indices.shape.dimensions.dropLast() + indexing.sliceShape)
    guard updates.shape == expected else {
      throw site.mismatch("updates of \(updates.shape) where \(expected) are needed")
    }
    let width = try site.movableWidth(of: data)
    try site.emitScatter(into: data, updates, indices, reduction) {
      (elements: IndexElements, combine, to, from) throws(ExecutionError) in
      for position in 0..<indexing.count {
        let start = try indexing.start(position, elements)
        combine(
          to + start * width, from + position * indexing.sliceCount * width, indexing.sliceCount)
      }
    }
  }
}

extension OperatorSite {
  /// Copies `data` to output 0, into which `scatter` then writes.
  fileprivate func emitScatter(
    into data: Value, _ updates: Value, _ indices: IndexOperand, _ reduction: ScatterReduction,
    scatter:
      @escaping (
        IndexElements, ScatterReduction.Combination, UnsafeMutableRawPointer, UnsafeRawPointer
      ) throws(ExecutionError) -> Void
  ) throws(ExecutionError) {
    guard updates.elementType == data.elementType else {
      throw mismatch("\(updates.elementType) into \(data.elementType)")
    }
    guard let combine = reduction.combination(of: data.elementType) else {
      throw .wrongElementType(
        operatorName: operatorName, node: nodeName, found: data.elementType)
    }
    let reads = [read(data), read(updates), indices.buffer]
    let result = try output(0, data.elementType, data.shape)
    let target = write(result)
    let byteCount = data.byteCount
    try emit([result], kernel: "scatter-\(reduction)", reads: reads, sharesInputs: [0]) {
      (run: RunContext) throws(ExecutionError) in
      let to = run.raw(target)
      if to != run.raw(reads[0]) { to.copyMemory(from: run.raw(reads[0]), byteCount: byteCount) }
      try scatter(indices.elements(run), combine, to, run.raw(reads[1]))
    }
  }
}
