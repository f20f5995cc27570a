internal import Kernels
internal import Tensors

/// The steps that all forms of attention are made of.
extension OperatorSite {
  /// Emits attention over float32 operands; its result is output 0, in `type`.
  ///
  /// - Parameters:
  ///   - scoresOutput: the output that receives `core.probe`.
  ///   - bias: makes the rows' bias when a step runs, from what `biasReads` hold.
  func emitAttention(
    _ core: AttentionCore, _ query: Buffer.ID, _ key: Buffer.ID, _ value: Buffer.ID,
    type: ElementType, shape: Shape, scoresOutput: Int? = nil, biasReads: [Buffer.ID],
    bias: @escaping (RunContext) -> AttentionCore.Bias?
  ) throws(ExecutionError) {
    let target = compiler.addBuffer(.arena, byteCount: 4 * shape.elementCount)
    let scoresShape = Shape([core.batch, core.queryHeads, core.queries, core.keys])
    let scores = scoresOutput.map { _ in
      compiler.addBuffer(.arena, byteCount: 4 * scoresShape.elementCount)
    }
    let scratch = scratch(byteCount: core.scratchByteCount(threads: compiler.pool.threadCount))
    var step = Step(
      name: nodeName, operatorName: operatorName, nodes: unit.nodes,
      output: unit.outputs.first ?? "", outputShape: shape,
      kernel: "attention-f32-\(isa.forFloats.rawValue)", reads: [query, key, value] + biasReads,
      writes: [target] + (scores.map { [$0] } ?? []), scratch: scratch
    ) { (run: RunContext) throws(ExecutionError) in
      core.run(
        run.floats(query), run.floats(key), run.floats(value), into: run.floats(target),
        scores: scores.map { run.floats($0) }, bias: bias(run), scratch: run.scratch(scratch),
        pool: run.pool)
    }
    step.multiplyAccumulates = core.multiplyAccumulates
    try compiler.emit(step)
    try emitConverted(target, .float32, to: type, shape: shape)
    if let scores, let scoresOutput {
      try emitConverted(scores, .float32, to: type, shape: scoresShape, scoresOutput)
    }
  }

  /// `[batch, heads, past + fresh, size]`: the rows of a cache, then fresh ones.
  /// - Parameter reads: the fresh rows, which lie as `layout` says, and the cache where there is one.
  func emitCache(
    _ reads: [Buffer.ID], _ layout: HeadLayout, batch: Int, heads: Int, pastRows: Int,
    freshRows: Int, size: Int
  ) throws(ExecutionError) -> Buffer.ID {
    let rows = pastRows + freshRows
    let shape = Shape([batch, heads, rows, size])
    let target = compiler.addBuffer(.arena, byteCount: 4 * shape.elementCount)
    let fresh = StridedCopy(
      extents: [batch, heads, freshRows, size],
      sourceStrides: [layout.batchStride, layout.headStride, layout.rowStride, 1],
      targetStrides: shape.strides, width: 4)
    let past = StridedCopy(
      extents: [batch * heads, pastRows * size], sourceStrides: [pastRows * size, 1],
      targetStrides: [rows * size, 1], width: 4)
    try compiler.emit(
      Step(
        name: nodeName, operatorName: operatorName, nodes: unit.nodes, output: "",
        outputShape: shape, kernel: "copy", reads: reads, writes: [target]
      ) { (run: RunContext) throws(ExecutionError) in
        if reads.count > 1 { past.run(run.raw(reads[1]), into: run.raw(target)) }
        fresh.run(run.raw(reads[0]) + 4 * layout.start, into: run.raw(target) + 4 * pastRows * size)
      })
    return target
  }
}
