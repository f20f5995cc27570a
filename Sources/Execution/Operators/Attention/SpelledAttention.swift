internal import Graphs
internal import Kernels
internal import Tensors

extension OperatorSite {
  /// Compiles the product of deferred scores and values as one step with all that makes them.
  func compileAttention(_ scores: DeferredScores, _ value: Value) throws(ExecutionError) {
    guard value.elementType == .float32 else {
      throw mismatch("float32 with \(value.elementType)")
    }
    let single = value.shape.rank == 1
    let values = single ? Shape(value.shape.dimensions + [1]) : value.shape
    let batch = Shape(scores.shape.dimensions.dropLast(2))
    guard values[values.rank - 2] == scores.shape[scores.shape.rank - 1],
      let all = batch.broadcast(with: Shape(values.dimensions.dropLast(2))), all.rank <= 2
    else { throw mismatch("\(scores.shape) with \(value.shape)") }
    let attention = SpelledAttention(
      scores: scores, value: value, values: values, batch: all.dimensions, isColumn: single)
    for index in scores.units { include(compiler.graph.units[index]) }
    if try compileOnCodes(attention) { return }
    try compileOnReals(attention)
  }

  private func compileOnReals(_ attention: SpelledAttention) throws(ExecutionError) {
    let scores = attention.scores
    let sources = [scores.query, scores.key, attention.value]
    let (reads, places) = operands(sources, attention)
    var shape = attention.shape
    var merges = false
    if !attention.isColumn, let (index, unit) = follower(), attention.isMerge(unit) {
      absorb(index)
      merges = true
      shape = attention.mergedShape
    }
    let kernel = AttentionFloat(
      attention.geometry(places, merges: merges), stages: scores.stages,
      rounding: scores.rounding.map { ($0.scale, $0.zeroPoint) }, isa: isa)
    let mask = scores.mask.map { read($0) }
    let result = try output(0, .float32, shape)
    let target = write(result)
    let scratch = scratch(byteCount: kernel.scratchByteCount(threads: compiler.pool.threadCount))
    try emit(
      [result], kernel: kernel.kernelName, reads: reads + (mask.map { [$0] } ?? []),
      scratch: scratch, multiplyAccumulates: kernel.geometry.multiplyAccumulates
    ) { (run: RunContext) throws(ExecutionError) in
      kernel.run(
        query: run.floats(reads[0]), key: run.floats(reads[1]), value: run.floats(reads[2]),
        mask: mask.map { UnsafePointer(run.floats($0)) }, into: run.floats(target),
        scratch: run.scratch(scratch), pool: run.pool)
    }
  }

  /// Where the matrices of each operand lie; one that is not dense is moved first.
  private func operands(
    _ values: [Value], _ attention: SpelledAttention
  ) -> ([Buffer.ID], [HeadMatrices]) {
    var reads: [Buffer.ID] = []
    var places: [HeadMatrices] = []
    for (role, value) in values.enumerated() {
      let shape = attention.shape(of: value)
      if let transposition = value.transposition, value.forms.isEmpty {
        let strides = transposition.input.shape.strides
        let place = attention.place(shape, transposition.order.map { strides[$0] })
        if role == 0 ? place.columnStride == 1 : place.isDense {
          include(compiler.graph.units[transposition.unit])
          reads.append(read(transposition.input))
          places.append(place)
          continue
        }
      }
      reads.append(read(value))
      places.append(attention.place(shape, shape.strides))
    }
    return (reads, places)
  }

  /// Both products on codes, where all operands and the shares of the softmax exist as such.
  private func compileOnCodes(_ attention: SpelledAttention) throws(ExecutionError) -> Bool {
    let scores = attention.scores
    guard compiler.options.mode == .integer, AttentionInt8.isSupported(on: isa),
      let shares = scores.rounding, let query = scores.query.usableCodes,
      let key = scores.key.usableCodes, let value = attention.value.usableCodes
    else { return false }
    let (reads, places) = operands([query.value, key.value, value.value], attention)
    let tail = try QuantizedTail(after: unit.outputs[0], shape: attention.shape, self)
    let merge = try tail.flatMap { (tail) throws(ExecutionError) in
      try mergedCodes(behind: tail, attention)
    }
    let requantization = tail.map { tail in
      Requantization(
        multipliers: [shares.scale * value.scale / tail.first.scales[0]], inputZeroPoint: 0,
        outputZeroPoint: tail.first.zeroPoints[0] + tail.first.shift, low: tail.low,
        high: tail.high, table: tail.table)
    }
    guard requantization?.multipliers.allSatisfy(\.isFinite) ?? true else { return false }
    let kernel = AttentionInt8(
      attention.geometry(places, merges: merge != nil), query: query.map, key: key.map,
      shares: shares, value: value.map, stages: scores.stages, requantization: requantization,
      isa: isa)
    let mask = scores.mask.map { read($0) }
    let scratch = scratch(byteCount: kernel.scratchByteCount(threads: compiler.pool.threadCount))
    func body(_ target: Buffer.ID, isCodes: Bool) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        kernel.run(
          query: run.codes(reads[0]), key: run.codes(reads[1]), value: run.codes(reads[2]),
          mask: mask.map { UnsafePointer(run.floats($0)) },
          into: isCodes ? .codes(run.codes(target)) : .reals(run.floats(target)),
          scratch: run.scratch(scratch), pool: run.pool)
      }
    }
    let everything = reads + (mask.map { [$0] } ?? [])
    let work = kernel.geometry.multiplyAccumulates
    guard let tail else {
      let result = try output(0, .float32, attention.shape)
      try emit(
        [result], kernel: kernel.kernelName, reads: everything, scratch: scratch,
        multiplyAccumulates: work, isInteger: true, body: body(write(result), isCodes: false))
      return true
    }
    for index in tail.units + (merge?.units ?? []) { absorb(index) }
    let integer = IntegerCompiler(site: self)
    let shape = merge == nil ? attention.shape : attention.mergedShape
    let (codes, target) = integer.output(tail, shape, .rowMajor)
    if merge != nil { collectedOutputs = [] }
    try emit(
      codes: codes, type: tail.final.type, kernel: kernel.kernelName, reads: everything,
      scratch: scratch, multiplyAccumulates: work, isInteger: true,
      body: body(target, isCodes: true))
    if let merge {
      collectedOutputs = nil
      integer.declare(merge.name, shape: shape, as: codes)
    }
    return true
  }

  /// The dequantizer and the transposition behind the codes of a tail, when they only put heads side
  /// by side again.
  private func mergedCodes(
    behind tail: QuantizedTail, _ attention: SpelledAttention
  ) throws(ExecutionError) -> (units: [Int], name: String)? {
    let graph = compiler.graph
    guard !attention.isColumn, let quantizer = tail.units.last,
      let dequantizer = graph.soleReader(of: tail.codesName),
      try compiler.map(ofDequantizer: dequantizer, behind: quantizer, tail.final, attention.shape)
        != nil,
      let name = graph.units[dequantizer].outputs.first, let last = graph.soleReader(of: name),
      !compiler.isAbsorbed(last), attention.isMerge(graph.units[last]),
      let merged = graph.units[last].outputs.first, !graph.isPinned(merged)
    else { return nil }
    return ([dequantizer, last], merged)
  }
}

/// Attention whose operators stand one by one in the model.
private struct SpelledAttention {
  let scores: DeferredScores
  let value: Value
  /// `[…, keys, width]`
  let values: Shape
  /// At most two axes.
  let batch: [Int]
  /// Whether the values are one column that the result does not have as an axis.
  let isColumn: Bool

  private var queries: Int { scores.shape[scores.shape.rank - 2] }
  private var width: Int { values[values.rank - 1] }

  /// Of the result, heads before queries.
  var shape: Shape { Shape(batch + [queries] + (isColumn ? [] : [width])) }
  /// Of the result, queries before heads.
  var mergedShape: Shape { Shape([batch[0], queries, batch[1], width]) }

  func isMerge(_ unit: PlanGraph.Unit) -> Bool {
    unit.is("Transpose") && batch.count == 2 && unit.node?.ints("perm") == [0, 2, 1, 3]
  }

  func shape(of operand: Value) -> Shape {
    operand.shape.rank == 1 ? values : operand.shape
  }

  /// - Parameter strides: for each axis of `shape`.
  func place(_ shape: Shape, _ strides: [Int]) -> HeadMatrices {
    let last = Array(shape.dimensions.suffix(2))
    guard var place = HeadMatrices(shape, strides, in: Shape(batch + last)) else {
      preconditionFailure("an operand of shape \(shape) for heads \(batch)")
    }
    // Axes of extent 1 have steps too, and one that is dense may be taken for the other.
    if last[1] == 1 { place.columnStride = 1 }
    if last[0] == 1, place.rowStride == 0 { place.rowStride = max(1, strides[strides.count - 2]) }
    return place
  }

  func geometry(_ places: [HeadMatrices], merges: Bool) -> AttentionGeometry {
    let heads = batch.last ?? 1
    let result =
      merges
      ? HeadMatrices(
        batchStride: queries * heads * width, headStride: width, rowStride: heads * width,
        columnStride: 1)
      : HeadMatrices(
        batchStride: heads * queries * width, headStride: queries * width, rowStride: width,
        columnStride: 1)
    return AttentionGeometry(
      batch: batch.count == 2 ? batch[0] : 1, heads: heads, queries: queries,
      keys: scores.shape[scores.shape.rank - 1],
      depth: scores.query.shape[scores.query.shape.rank - 1], width: width, query: places[0],
      key: places[1], value: places[2], result: result)
  }
}

extension Value {
  /// The codes that the value is.
  fileprivate var usableCodes: Codes? { codes.flatMap { $0.scale.isFinite ? $0 : nil } }
}

extension Codes {
  fileprivate var map: AttentionInt8.Map {
    AttentionInt8.Map(scale: scale, zeroPoint: zeroPoint)
  }
}
