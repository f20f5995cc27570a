internal import Graphs
internal import Kernels
internal import Tensors

/// What Attention and MultiHeadAttention of com.microsoft have in common.
struct MicrosoftAttentionAttributes {
  let heads: Int
  let isCausal: Bool
  /// What is added to the scores of keys that a mask leaves out.
  let maskValue: Float
  let scale: Float?

  init(_ node: Node) throws(ExecutionError) {
    heads = Int(clamping: node.int("num_heads") ?? 0)
    isCausal = node.int("unidirectional") ?? 0 != 0
    maskValue = node.float("mask_filter_value") ?? -10_000
    scale = node.float("scale").flatMap { $0 == 0 ? nil : $0 }
    guard heads > 0 else {
      throw .invalidAttribute(
        operatorName: node.operatorName.description, node: node.name, attribute: "num_heads",
        detail: "is \(heads)")
    }
  }

  /// The bias of scores out of a mask of keys, a bias that the model computes, and causal order.
  func bias(
    _ core: AttentionCore, pastLength: Int, mask maskIndex: Int, addend addendIndex: Int,
    _ site: OperatorSite
  ) throws(ExecutionError) -> (reads: [Buffer.ID], make: (RunContext) -> AttentionCore.Bias?) {
    let mask = try site.optionalInput(maskIndex).map { (value) throws(ExecutionError) in
      try KeyMask(value, batch: core.batch, queries: core.queries, keys: core.keys, site)
    }
    let addend = try site.optionalInput(addendIndex).map { (value) throws(ExecutionError) in
      try AttentionMask(
        value, batch: core.batch, heads: core.queryHeads, queries: core.queries, keys: core.keys,
        padsKeys: false, site)
    }
    let reads = [mask?.buffer, addend?.buffer].compactMap { $0 }
    let reach = AttentionReach(isCausal: isCausal)
    guard !reads.isEmpty || isCausal else { return ([], { _ in nil }) }
    let keys = core.keys
    let maskValue = self.maskValue
    return (
      reads,
      { run in
        { batch, head, query, row in
          mask?.add(maskValue, to: row, batch, query, run)
          addend?.add(to: row, batch, head, query, keys: keys, run)
          row.exclude(outside: reach.range(place: query + pastLength, limit: keys), of: keys)
        }
      }
    )
  }
}

/// Which keys count, as com.microsoft says it: a number of them, a number and a start, or one
/// integer for each.
private struct KeyMask {
  enum Form {
    /// The first keys of each sample.
    case lengths
    /// Ends, then starts.
    case ranges
    /// `[batch, keys]`, or with an axis of queries.
    case flags(strides: [Int])
  }

  let buffer: Buffer.ID
  private let form: Form
  private let batch: Int
  private let keys: Int

  init(
    _ value: Value, batch: Int, queries: Int, keys: Int, _ site: OperatorSite
  ) throws(ExecutionError) {
    switch value.shape.dimensions {
    case [batch]: form = .lengths
    case [2 * batch]: form = .ranges
    case [batch, keys]: form = .flags(strides: [keys, 0])
    case [batch, queries, keys]: form = .flags(strides: [queries * keys, keys])
    default:
      throw site.unsupported(
        "a mask of shape \(value.shape) for \(batch) × \(queries) × \(keys) scores")
    }
    self.batch = batch
    self.keys = keys
    buffer = site.read(try site.operand(value, as: .int32))
  }

  func add(
    _ number: Float, to row: UnsafeMutablePointer<Float>, _ sample: Int, _ query: Int,
    _ run: RunContext
  ) {
    let mask = run.elements(buffer, of: Int32.self)
    switch form {
    case .lengths:
      for key in max(0, Int(mask[sample]))..<max(keys, Int(mask[sample])) where key < keys {
        row[key] += number
      }
    case .ranges:
      let (end, start) = (Int(mask[sample]), Int(mask[batch + sample]))
      for key in 0..<keys where key < start || key >= end { row[key] += number }
    case .flags(let strides):
      let flags = mask + sample * strides[0] + query * strides[1]
      for key in 0..<keys where flags[key] <= 0 { row[key] += number }
    }
  }
}

/// Attention of com.microsoft: one matrix makes queries, keys and values of the same input.
struct PackedAttention: OperatorKernel {
  static let widensHalves = true
  private let attributes: MicrosoftAttentionAttributes
  private let sizes: [Int]?

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    attributes = try MicrosoftAttentionAttributes(node)
    sizes = node.ints("qkv_hidden_sizes").map { $0.map { Int(clamping: $0) } }
    for name in ["do_rotary", "past_present_share_buffer"] where node.int(name) ?? 0 != 0 {
      throw .unsupportedVariant(
        operatorName: node.operatorName.description, node: node.name,
        detail: "its attribute '\(name)' is set")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let (input, weights) = try (site.input(0), site.input(1))
    for value in [input, weights] { try site.requireFloat(value) }
    guard input.shape.rank == 3, weights.shape.rank == 2, weights.shape[0] == input.shape[2] else {
      throw site.mismatch("\(input.shape) with weights of \(weights.shape)")
    }
    let heads = attributes.heads
    let width = weights.shape[1]
    let sizes = self.sizes ?? Array(repeating: width / 3, count: 3)
    guard sizes.count == 3, sizes.reduce(0, +) == width, sizes[0] == sizes[1],
      sizes.allSatisfy({ $0 > 0 && $0 % heads == 0 })
    else { throw site.mismatch("\(width) columns as \(sizes) in \(heads) heads") }
    let (batch, rows) = (input.shape[0], input.shape[1])
    let product = try site.emitProjection(of: input, weights, bias: 2)
    func layout(_ part: Int) -> HeadLayout {
      HeadLayout(
        batchStride: rows * width, headStride: sizes[part] / heads, rowStride: width,
        start: sizes[..<part].reduce(0, +))
    }
    let (keySize, valueSize) = (sizes[0] / heads, sizes[2] / heads)
    var core = AttentionCore(
      batch: batch, queryHeads: heads, keyHeads: heads, queries: rows, keys: rows,
      headSize: keySize, valueSize: valueSize, query: layout(0), key: layout(1), value: layout(2),
      result: .rowsFirst(heads: heads, rows: rows, size: valueSize),
      scale: attributes.scale ?? 1 / Float(keySize).squareRoot(), isa: site.isa)
    var (keyBuffer, valueBuffer) = (product, product)
    let past = try site.optionalInput(4)
    let pastRows = past.map { $0.shape.rank == 5 ? $0.shape[3] : 0 } ?? 0
    if past != nil || site.outputCount > 1 {
      guard keySize == valueSize,
        past.map({ $0.shape == [2, batch, heads, pastRows, keySize] }) ?? true
      else { throw site.mismatch("a cache of \(past?.shape ?? .scalar)") }
      core.keys = pastRows + rows
      let cache = try site.emitPackedCache(
        product, [core.key, core.value], past: past.map { site.read($0) }, batch: batch,
        heads: heads, pastRows: pastRows, freshRows: rows, size: keySize)
      core.key = .headsFirst(heads: heads, rows: core.keys, size: keySize)
      core.value = core.key
      core.value.start = batch * heads * core.keys * keySize
      (keyBuffer, valueBuffer) = (cache, cache)
      if site.outputCount > 1 {
        try site.emitConverted(
          cache, .float32, to: .float32, shape: [2, batch, heads, core.keys, keySize], 1)
      }
    }
    let bias = try attributes.bias(core, pastLength: pastRows, mask: 3, addend: 5, site)
    try site.emitAttention(
      core, product, keyBuffer, valueBuffer, type: .float32, shape: [batch, rows, sizes[2]],
      biasReads: bias.reads, bias: bias.make)
  }
}

extension OperatorSite {
  /// `input @ weights + bias`, where the bias is an operand that may be missing.
  fileprivate func emitProjection(
    of input: Value, _ weights: Value, bias index: Int
  ) throws(ExecutionError) -> Buffer.ID {
    let (depth, columns) = (weights.shape[0], weights.shape[1])
    let rows = input.shape.elementCount / max(depth, 1)
    var reads = [read(input), read(weights)]
    if let bias = try optionalInput(index) {
      guard bias.shape == [columns] else { throw mismatch("a bias of \(bias.shape)") }
      reads.append(read(bias))
    }
    let kernel = MatMulFloat(rows: rows, depth: depth, columns: columns, isa: isa)
    let scratch = scratch(byteCount: kernel.scratchByteCount(threads: compiler.pool.threadCount))
    let target = compiler.addBuffer(.arena, byteCount: 4 * rows * columns)
    var step = Step(
      name: nodeName, operatorName: operatorName, nodes: unit.nodes, output: "",
      outputShape: [rows, columns], kernel: kernel.kernelName, reads: reads, writes: [target],
      scratch: scratch
    ) { (run: RunContext) throws(ExecutionError) in
      let output = run.floats(target)
      kernel.run(
        run.floats(reads[0]), run.floats(reads[1]), into: output, scratch: run.scratch(scratch),
        pool: run.pool)
      guard reads.count > 2 else { return }
      let bias = run.floats(reads[2])
      for row in 0..<rows {
        for column in 0..<columns { output[row * columns + column] += bias[column] }
      }
    }
    step.multiplyAccumulates = rows * depth * columns
    try compiler.emit(step)
    return target
  }

  /// `[2, batch, heads, past + fresh, size]`: keys, then values, each behind those of earlier calls.
  fileprivate func emitPackedCache(
    _ product: Buffer.ID, _ layouts: [HeadLayout], past: Buffer.ID?, batch: Int, heads: Int,
    pastRows: Int, freshRows: Int, size: Int
  ) throws(ExecutionError) -> Buffer.ID {
    let rows = pastRows + freshRows
    let shape = Shape([2, batch, heads, rows, size])
    let target = compiler.addBuffer(.arena, byteCount: 4 * shape.elementCount)
    let copies = layouts.map { layout in
      StridedCopy(
        extents: [batch, heads, freshRows, size],
        sourceStrides: [layout.batchStride, layout.headStride, layout.rowStride, 1],
        targetStrides: Array(shape.strides.dropFirst()), width: 4)
    }
    let pastCopy = StridedCopy(
      extents: [2 * batch * heads, pastRows * size], sourceStrides: [pastRows * size, 1],
      targetStrides: [rows * size, 1], width: 4)
    let half = 4 * batch * heads * rows * size
    try compiler.emit(
      Step(
        name: nodeName, operatorName: operatorName, nodes: unit.nodes, output: "",
        outputShape: shape, kernel: "copy", reads: [product] + (past.map { [$0] } ?? []),
        writes: [target]
      ) { (run: RunContext) throws(ExecutionError) in
        if let past { pastCopy.run(run.raw(past), into: run.raw(target)) }
        for (part, copy) in copies.enumerated() {
          copy.run(
            run.raw(product) + 4 * layouts[part].start,
            into: run.raw(target) + part * half + 4 * pastRows * size)
        }
      })
    return target
  }
}
