internal import Graphs
internal import Kernels
internal import Tensors

/// Attention of opset 23 and later: heads given as an axis or inside the last one, keys and values
/// of earlier calls, masks, causal order and windows.
struct Attention: OperatorKernel {
  static let widensHalves = true
  private let queryHeads: Int?
  private let keyHeads: Int?
  private let scale: Float?
  private let softcap: Float
  private let probe: Int64
  private let reach: AttentionReach
  private let padsMask: Bool

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    queryHeads = node.int("q_num_heads").map { Int(clamping: $0) }
    keyHeads = node.int("kv_num_heads").map { Int(clamping: $0) }
    scale = node.float("scale")
    softcap = node.float("softcap") ?? 0
    probe = node.int("qk_matmul_output_mode") ?? 0
    padsMask = opset >= 24
    func window(_ name: String) throws(ExecutionError) -> Int? {
      let size = node.int(name) ?? -1
      guard size >= -1, size < 1 << 31 else {
        throw .invalidAttribute(
          operatorName: "Attention", node: node.name, attribute: name, detail: "is \(size)")
      }
      return size < 0 ? nil : Int(size)
    }
    reach = AttentionReach(
      isCausal: node.int("is_causal") ?? 0 != 0, left: try window("left_window_size"),
      right: try window("right_window_size"))
    guard (0...3).contains(probe) else {
      throw .invalidAttribute(
        operatorName: "Attention", node: node.name, attribute: "qk_matmul_output_mode",
        detail: "is \(probe)")
    }
  }

  /// An operand seen as heads of rows.
  private struct Operand {
    var buffer: Buffer.ID
    var heads: Int
    var rows: Int
    var size: Int
    var layout: HeadLayout
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let first = try site.input(0)
    let type = first.elementType
    guard [.float32, .float16, .bfloat16].contains(type) else {
      throw .wrongElementType(operatorName: "Attention", node: site.nodeName, found: type)
    }
    let query = try operand(0, heads: queryHeads, site)
    let freshKey = try operand(1, heads: keyHeads, site)
    let freshValue = try operand(2, heads: keyHeads, site)
    let batch = first.shape[0]
    let key = try joined(freshKey, past: 4, batch: batch, output: 1, type, site)
    let value = try joined(freshValue, past: 5, batch: batch, output: 2, type, site)
    guard query.size == key.size, key.rows == value.rows, key.heads == value.heads,
      key.heads > 0, query.heads % key.heads == 0,
      try site.input(1).shape[0] == batch, try site.input(2).shape[0] == batch
    else {
      throw site.mismatch(
        "queries of \(first.shape), keys of \(try site.input(1).shape), "
          + "values of \(try site.input(2).shape)")
    }
    let isFlat = first.shape.rank == 3
    let layout =
      isFlat
      ? HeadLayout.rowsFirst(heads: query.heads, rows: query.rows, size: value.size)
      : .headsFirst(heads: query.heads, rows: query.rows, size: value.size)
    var core = AttentionCore(
      batch: batch, queryHeads: query.heads, keyHeads: key.heads, queries: query.rows,
      keys: key.rows, headSize: query.size, valueSize: value.size, query: query.layout,
      key: key.layout, value: value.layout, result: layout,
      scale: scale ?? 1 / Float(query.size).squareRoot(), softcap: softcap, isa: site.isa)
    let wantsScores = site.outputCount > 3 && !site.unit.outputs[3].isEmpty
    if wantsScores { core.probe = AttentionCore.Probe(rawValue: Int(probe)) ?? .none }
    let bias = try self.bias(core, pastLength: key.rows - freshKey.rows, site)
    let shape =
      isFlat
      ? Shape([batch, query.rows, query.heads * value.size])
      : Shape([batch, query.heads, query.rows, value.size])
    try site.emitAttention(
      core, query.buffer, key.buffer, value.buffer, type: type, shape: shape,
      scoresOutput: wantsScores ? 3 : nil, biasReads: bias.reads, bias: bias.make)
  }

  private func operand(
    _ index: Int, heads: Int?, _ site: OperatorSite
  ) throws(ExecutionError) -> Operand {
    let value = try site.input(index)
    let shape = value.shape
    let buffer = site.read(try site.operand(value, as: .float32))
    if shape.rank == 4 {
      return Operand(
        buffer: buffer, heads: shape[1], rows: shape[2], size: shape[3],
        layout: .headsFirst(heads: shape[1], rows: shape[2], size: shape[3]))
    }
    guard shape.rank == 3, let heads, heads > 0, shape[2] % heads == 0 else {
      throw site.mismatch("input \(index) of \(shape) in \(heads ?? 0) heads")
    }
    let size = shape[2] / heads
    return Operand(
      buffer: buffer, heads: heads, rows: shape[1], size: size,
      layout: .rowsFirst(heads: heads, rows: shape[1], size: size))
  }

  /// Puts an operand behind what is cached of earlier calls, and makes both an output.
  private func joined(
    _ fresh: Operand, past index: Int, batch: Int, output: Int, _ type: ElementType,
    _ site: OperatorSite
  ) throws(ExecutionError) -> Operand {
    let isWanted = site.outputCount > output && !site.unit.outputs[output].isEmpty
    let past = try site.optionalInput(index)
    guard past != nil || isWanted else { return fresh }
    var pastRows = 0
    var reads = [fresh.buffer]
    if let past {
      guard past.shape.rank == 4, past.shape[0] == batch, past.shape[1] == fresh.heads,
        past.shape[3] == fresh.size
      else { throw site.mismatch("a cache of \(past.shape)") }
      pastRows = past.shape[2]
      reads.append(site.read(try site.operand(past, as: .float32)))
    }
    let rows = pastRows + fresh.rows
    let buffer = try site.emitCache(
      reads, fresh.layout, batch: batch, heads: fresh.heads, pastRows: pastRows,
      freshRows: fresh.rows, size: fresh.size)
    if isWanted {
      try site.emitConverted(
        buffer, .float32, to: type, shape: [batch, fresh.heads, rows, fresh.size], output)
    }
    return Operand(
      buffer: buffer, heads: fresh.heads, rows: rows, size: fresh.size,
      layout: .headsFirst(heads: fresh.heads, rows: rows, size: fresh.size))
  }

  private func bias(
    _ core: AttentionCore, pastLength: Int, _ site: OperatorSite
  ) throws(ExecutionError) -> (reads: [Buffer.ID], make: (RunContext) -> AttentionCore.Bias?) {
    var mask: AttentionMask?
    if let value = try site.optionalInput(3) {
      mask = try AttentionMask(
        value, batch: core.batch, heads: core.queryHeads, queries: core.queries, keys: core.keys,
        padsKeys: padsMask, site)
    }
    let lengths = site.hasInput(6) ? try IndexOperand(6, of: site) : nil
    guard lengths.map({ $0.shape == [core.batch] }) ?? true else {
      throw site.mismatch("lengths of other than \(core.batch) samples")
    }
    let reach = self.reach
    let (queries, keys) = (core.queries, core.keys)
    let reads = (mask.map { [$0.buffer] } ?? []) + (lengths.map { [$0.buffer] } ?? [])
    guard mask != nil || lengths != nil || !reach.isUnlimited else { return ([], { _ in nil }) }
    return (
      reads,
      { run in
        let counts = lengths?.elements(run)
        return { batch, head, query, row in
          mask?.add(to: row, batch, head, query, keys: keys, run)
          // With a cache outside of the operator the last query is at the last key that counts.
          let limit = counts.map { Int(clamping: $0[batch]) }
          let offset = limit.map { $0 - queries } ?? pastLength
          row.exclude(
            outside: reach.range(place: query + offset, limit: min(limit ?? keys, keys)), of: keys)
        }
      }
    )
  }
}
