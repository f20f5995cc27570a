internal import Graphs
internal import Kernels
internal import Tensors

/// MultiHeadAttention of com.microsoft: queries, keys and values computed before, in three operands
/// or packed into fewer.
struct MultiHeadAttention: OperatorKernel {
  static let widensHalves = true
  private let attributes: MicrosoftAttentionAttributes

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    attributes = try MicrosoftAttentionAttributes(node)
    guard node.inputs.count <= 8 else {
      throw .unsupportedVariant(
        operatorName: node.operatorName.description, node: node.name,
        detail: "it shares a buffer with its cache")
    }
  }

  /// Rows of heads, somewhere in a buffer.
  private struct Part {
    var buffer: Buffer.ID
    var rows: Int
    var size: Int
    var layout: HeadLayout
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let query = try site.input(0)
    try site.requireFloat(query)
    let heads = attributes.heads
    let batch = query.shape.dimensions.first ?? 0
    var parts = try self.parts(query, batch: batch, site)
    if let bias = try site.optionalInput(3) {
      try site.requireFloat(bias)
      guard bias.shape == [parts.reduce(0) { $0 + heads * $1.size }] else {
        throw site.mismatch("a bias of \(bias.shape)")
      }
      var start = 0
      for index in parts.indices {
        parts[index] = try biased(parts[index], site.read(bias), start, batch: batch, site)
        start += heads * parts[index].size
      }
    }
    guard parts[0].size == parts[1].size, parts[1].rows == parts[2].rows else {
      throw site.mismatch("queries of \(query.shape)")
    }
    var pastRows = 0
    for index in 1...2 {
      let past = try site.optionalInput(index + 5)
      let isWanted = site.outputCount > index && !site.unit.outputs[index].isEmpty
      guard past != nil || isWanted else { continue }
      var reads = [parts[index].buffer]
      if let past {
        try site.requireFloat(past)
        guard past.shape.rank == 4,
          past.shape == [batch, heads, past.shape[2], parts[index].size]
        else { throw site.mismatch("a cache of \(past.shape)") }
        pastRows = past.shape[2]
        reads.append(site.read(past))
      }
      let rows = pastRows + parts[index].rows
      let size = parts[index].size
      parts[index].buffer = try site.emitCache(
        reads, parts[index].layout, batch: batch, heads: heads, pastRows: pastRows,
        freshRows: parts[index].rows, size: size)
      parts[index].layout = .headsFirst(heads: heads, rows: rows, size: size)
      parts[index].rows = rows
      if isWanted {
        try site.emitConverted(
          parts[index].buffer, .float32, to: .float32, shape: [batch, heads, rows, size], index)
      }
    }
    let core = AttentionCore(
      batch: batch, queryHeads: heads, keyHeads: heads, queries: parts[0].rows,
      keys: parts[1].rows, headSize: parts[0].size, valueSize: parts[2].size,
      query: parts[0].layout, key: parts[1].layout, value: parts[2].layout,
      result: .rowsFirst(heads: heads, rows: parts[0].rows, size: parts[2].size),
      scale: attributes.scale ?? 1 / Float(parts[0].size).squareRoot(), isa: site.isa)
    let bias = try attributes.bias(core, pastLength: pastRows, mask: 4, addend: 5, site)
    try site.emitAttention(
      core, parts[0].buffer, parts[1].buffer, parts[2].buffer, type: .float32,
      shape: [batch, parts[0].rows, heads * parts[2].size], biasReads: bias.reads,
      bias: bias.make)
  }

  /// Queries, keys and values wherever they lie.
  private func parts(
    _ query: Value, batch: Int, _ site: OperatorSite
  ) throws(ExecutionError) -> [Part] {
    let heads = attributes.heads
    guard let key = try site.optionalInput(1) else {
      // [batch, rows, heads, 3, size]
      return try packed(query, count: 3, batch: batch, site)
    }
    try site.requireFloat(key)
    let first = try rows(query, batch: batch, site)
    guard let value = try site.optionalInput(2) else {
      return [first] + (try packed(key, count: 2, batch: batch, site))
    }
    try site.requireFloat(value)
    var parts = [first]
    for operand in [key, value] {
      if operand.shape.rank == 4 {
        guard operand.shape[0] == batch, operand.shape[1] == heads else {
          throw site.mismatch("\(query.shape) with \(operand.shape)")
        }
        parts.append(
          Part(
            buffer: site.read(operand), rows: operand.shape[2], size: operand.shape[3],
            layout: .headsFirst(
              heads: heads, rows: operand.shape[2], size: operand.shape[3])))
      } else {
        parts.append(try rows(operand, batch: batch, site))
      }
    }
    return parts
  }

  private func rows(
    _ value: Value, batch: Int, _ site: OperatorSite
  ) throws(ExecutionError) -> Part {
    let shape = value.shape
    let heads = attributes.heads
    guard shape.rank == 3, shape[0] == batch, shape[2] % heads == 0 else {
      throw site.mismatch("\(shape) in \(heads) heads")
    }
    let size = shape[2] / heads
    return Part(
      buffer: site.read(value), rows: shape[1], size: size,
      layout: .rowsFirst(heads: heads, rows: shape[1], size: size))
  }

  private func packed(
    _ value: Value, count: Int, batch: Int, _ site: OperatorSite
  ) throws(ExecutionError) -> [Part] {
    let shape = value.shape
    let heads = attributes.heads
    guard shape.rank == 5, shape[0] == batch, shape[2] == heads, shape[3] == count else {
      throw site.mismatch("\(shape) as \(count) operands in \(heads) heads")
    }
    let size = shape[4]
    let buffer = site.read(value)
    return (0..<count).map { part in
      Part(
        buffer: buffer, rows: shape[1], size: size,
        layout: HeadLayout(
          batchStride: shape[1] * heads * count * size, headStride: count * size,
          rowStride: heads * count * size, start: part * size))
    }
  }

  /// A copy of `part` with a number added for each element of each head.
  private func biased(
    _ part: Part, _ bias: Buffer.ID, _ start: Int, batch: Int, _ site: OperatorSite
  ) throws(ExecutionError) -> Part {
    let heads = attributes.heads
    let (rows, size, from) = (part.rows, part.size, part.layout)
    let to = HeadLayout.rowsFirst(heads: heads, rows: rows, size: size)
    let shape = Shape([batch, rows, heads * size])
    let target = site.compiler.addBuffer(.arena, byteCount: 4 * shape.elementCount)
    try site.compiler.emit(
      Step(
        name: site.nodeName, operatorName: site.operatorName, nodes: site.unit.nodes, output: "",
        outputShape: shape, kernel: "add-f32", reads: [part.buffer, bias], writes: [target]
      ) { (run: RunContext) throws(ExecutionError) in
        for b in 0..<batch {
          for row in 0..<rows {
            for head in 0..<heads {
              let x =
                run.floats(part.buffer) + from.start + b * from.batchStride
                + row * from.rowStride + head * from.headStride
              let y =
                run.floats(target) + b * to.batchStride + row * to.rowStride
                + head * to.headStride
              let addend = run.floats(bias) + start + head * size
              for index in 0..<size { y[index] = x[index] + addend[index] }
            }
          }
        }
      })
    return Part(buffer: target, rows: rows, size: size, layout: to)
  }
}
