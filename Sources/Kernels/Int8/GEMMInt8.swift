internal import CKernels

/// `c[m, n] = requantized(a[m, k] * b[k, n])` with codes on the left and constant int8 weights on
/// the right.
package struct GEMMInt8: Sendable {
  package let depth: Int
  package let columns: Int
  /// The instructions that run.
  package let kernelName: String
  private let product: MatrixProductInt8
  private let saturating: SaturationInt8

  var isa: InstructionSet { product.isa }

  /// - `weights`: `[depth, columns]`, or `[columns, depth]` when `transposed`.
  /// - `inputMaximum`: the largest code that the left operand can hold: 127 for a reduced range.
  /// - `expectsSmallCodes`: whether most runs may have small codes only, whatever it can hold.
  package init(
    depth: Int, columns: Int, weights: [Int8], transposed: Bool, inputMaximum: UInt8 = 255,
    expectsSmallCodes: Bool = true, requantization: Requantization, isa: InstructionSet = .best
  ) {
    precondition(
      weights.count == depth * columns, "\(weights.count) weights for \(depth) x \(columns)")
    requantization.check(channels: columns)
    self.depth = depth
    self.columns = columns
    var rows = weights
    if !transposed {
      for column in 0..<columns {
        for k in 0..<depth { rows[column * depth + k] = weights[k * columns + column] }
      }
    }
    product = MatrixProductInt8(
      weightRows: rows, depth: depth, channels: 0..<columns, inputMaximum: inputMaximum,
      expectsSmallCodes: expectsSmallCodes, requantization: requantization, isa: isa)
    kernelName = [product].kernelName
    saturating = SaturationInt8(
      groups: [product.panels.riskyPairs], depth: depth, columnsPerGroup: columns,
      requantization: requantization)
  }

  /// Products that are added in 16 bits before a sum widens, on average; `nil` where sums have 32
  /// bits at once.
  package var safeRun: Double? { [product].safeRun }

  /// The share of 16-bit pair sums that no input can saturate.
  package var provenSafeShare: Double { product.panels.provenSafeShare }

  /// Bytes of scratch that `run` and `runAccumulators` need for up to `rows` rows.
  package func scratchByteCount(rows: Int, threads: Int) -> Int {
    product.panels.paddedColumns * 4 + threads * blockByteCount
  }

  package func run(
    _ a: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, rows: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    forEachPiece(a, rows: rows, isDirect: isDirect, scratch: scratch, pool: pool) {
      left, firstRow, panels in
      product.run(
        left, to: .init(base: output + firstRow * columns, stride: columns), panels: panels)
    }
  }

  /// `sum of (a - zeroPoint) * b`, without bias, for a zero point that is known at run time only.
  /// - `hasSlack`: whether 3 bytes behind the last row may be read, which saves copies of rows.
  package func runAccumulators(
    _ a: UnsafePointer<UInt8>, zeroPoint: UInt8, _ output: UnsafeMutablePointer<Int32>, rows: Int,
    hasSlack: Bool = false, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let initial = scratch.bindMemory(to: Int32.self, capacity: product.panels.paddedColumns)
    product.fillInitial(initial, zeroPoint: zeroPoint)
    forEachPiece(
      a, rows: rows, isDirect: isDirect || hasSlack, scratch: scratch, pool: pool
    ) { left, firstRow, panels in
      product.runAccumulators(
        left, initial: initial, to: .init(base: output + firstRow * columns, stride: columns),
        panels: panels)
    }
  }

  /// As `runAccumulators`, with each sum made real: `float(sum) * (factor * scale) + bias + addend`.
  /// - `addend`: `[rows, columns]`; may be `output`.
  package func runReals(
    _ a: UnsafePointer<UInt8>, zeroPoint: UInt8, factor: Float, scaling: AccumulatorScaling,
    addend: UnsafePointer<Float>? = nil, activation: FloatActivation = .none,
    _ output: UnsafeMutablePointer<Float>, rows: Int, hasSlack: Bool = false,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let initial = scratch.bindMemory(to: Int32.self, capacity: product.panels.paddedColumns)
    product.fillInitial(initial, zeroPoint: zeroPoint)
    let scaling = scaling.kernelValue(factor: factor)
    forEachPiece(
      a, rows: rows, isDirect: isDirect || hasSlack, scratch: scratch, pool: pool
    ) { left, firstRow, panels in
      var scaling = scaling
      scaling.addend = addend.map { $0 + firstRow * columns }
      let start = output + firstRow * columns
      product.runReals(
        left, initial: initial, scaling: scaling, to: .init(base: start, stride: columns),
        panels: panels)
      guard activation != .none else { return }
      let first = panels.lowerBound * Int8Panels.width
      activation.apply(
        start + first, rows: left.rows,
        columns: min(panels.upperBound * Int8Panels.width, columns) - first, stride: columns,
        isa: isa)
    }
  }

  /// How many pair sums an unguarded kernel would have saturated on this input.
  package func saturation(_ a: UnsafePointer<UInt8>, rows: Int) -> SaturationCount {
    saturating.count(rows: rows) { _, range, copy in
      copyRows(a, range, to: copy, stride: saturating.rowStride)
    }
  }

  /// What an unguarded kernel would have given, into `output`.
  package func runSaturating(
    _ a: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, rows: Int
  ) -> SaturationCount {
    let pool = ThreadPool(threads: 1)
    return saturating.run(
      rows: rows, output: output,
      accumulate: { accumulate(a, zeroPoint: $1, into: $0, rows: rows, pool: pool) },
      gather: { _, range, copy in copyRows(a, range, to: copy, stride: saturating.rowStride) })
  }

  /// What an unguarded kernel would have given in place of `runReals`, with the zero point that the
  /// kernel was made for.
  package func runSaturatingReals(
    _ a: UnsafePointer<UInt8>, factor: Float, scaling: AccumulatorScaling,
    addend: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Float>, rows: Int
  ) -> SaturationCount {
    let pool = ThreadPool(threads: 1)
    let count = rows * columns
    let sums = UnsafeMutablePointer<Int32>.allocate(capacity: max(count, 1))
    defer { sums.deallocate() }
    let counts = saturating.runSums(
      rows: rows, accumulators: sums,
      accumulate: { accumulate(a, zeroPoint: $1, into: $0, rows: rows, pool: pool) },
      gather: { _, range, copy in copyRows(a, range, to: copy, stride: saturating.rowStride) })
    scaling.run(sums, rows: rows, inputScale: factor, pool: pool)
    let reals = UnsafeMutableRawPointer(sums).assumingMemoryBound(to: Float.self)
    for index in 0..<count { output[index] = reals[index] + (addend?[index] ?? 0) }
    return counts
  }

  private func accumulate(
    _ a: UnsafePointer<UInt8>, zeroPoint: UInt8, into accumulators: UnsafeMutablePointer<Int32>,
    rows: Int, pool: ThreadPool
  ) {
    withUnsafeTemporaryAllocation(
      byteCount: scratchByteCount(rows: rows, threads: 1), alignment: 64
    ) { scratch in
      guard let base = scratch.baseAddress else { return }
      runAccumulators(
        a, zeroPoint: zeroPoint, accumulators, rows: rows, scratch: base, pool: pool)
    }
  }

  /// Rows are read in quads; where depth is not a multiple of 4 they are copied to have room for
  /// that. What stands behind a row meets weights of zero.
  private var isDirect: Bool { depth % 4 == 0 }

  private var blockByteCount: Int {
    let depth = product.panels.paddedDepth
    return isDirect ? 0 : RowBlocks.mostRows(paddedDepth: depth) * depth
  }

  private func forEachPiece(
    _ a: UnsafePointer<UInt8>, rows: Int, isDirect: Bool, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool,
    _ body: (_ left: kern_gemm_u8_rows, _ firstRow: Int, _ panels: Range<Int>) -> Void
  ) {
    let paddedDepth = product.panels.paddedDepth
    let blocks = RowBlocks(
      rows: rows, paddedDepth: paddedDepth, panels: product.panels.count, threads: pool.threadCount)
    let copies = scratch + product.panels.paddedColumns * 4
    blocks.forEach(pool: pool) { piece, worker in
      let range = blocks.rows(ofPiece: piece)
      var left = kern_gemm_u8_rows(
        data: a + range.lowerBound * depth, stride: depth, rows: range.count)
      if !isDirect {
        let copy = (copies + worker * blockByteCount).assumingMemoryBound(to: UInt8.self)
        copyRows(a, range, to: copy, stride: paddedDepth)
        left = kern_gemm_u8_rows(data: copy, stride: paddedDepth, rows: range.count)
      }
      body(left, range.lowerBound, blocks.panels(ofPiece: piece))
    }
  }

  private func copyRows(
    _ a: UnsafePointer<UInt8>, _ range: Range<Int>, to copy: UnsafeMutablePointer<UInt8>,
    stride: Int
  ) {
    for (index, row) in range.enumerated() {
      let start = copy + index * stride
      start.update(from: a + row * depth, count: depth)
      (start + depth).update(repeating: 0, count: stride - depth)
    }
  }
}
