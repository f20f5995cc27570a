internal import CKernels

/// `softmax(stages(q k)) v` for every head, with codes for queries, keys, values and the shares that
/// the softmax makes; both products are exact.
package struct AttentionInt8: Sendable {
  /// `real = scale * (code - zeroPoint)`
  package struct Map: Hashable, Sendable {
    package var scale: Float
    package var zeroPoint: Int32

    package init(scale: Float, zeroPoint: Int32) {
      self.scale = scale
      self.zeroPoint = zeroPoint
    }
  }

  package let geometry: AttentionGeometry
  /// What makes sums of products of queries and keys real.
  private let factor: Float
  private let stages: ScoreStages
  private let maps: (query: Map, key: Map, shares: Map, value: Map)
  /// `nil` where results are real.
  private let requantization: PackedRequantization?
  private let isa: InstructionSet
  /// Of the working memory of one thread.
  private var byteCount = 0

  /// Whether there are kernels that take any codes for both sides.
  package static func isSupported(on isa: InstructionSet) -> Bool {
    isa.packsActivations
  }

  /// - `requantization`: of sums of products of shares and values, one multiplier for all.
  package init(
    _ geometry: AttentionGeometry, query: Map, key: Map, shares: Map, value: Map,
    stages: [ScoreStage], requantization: Requantization?, isa: InstructionSet = .best
  ) {
    precondition(Self.isSupported(on: isa), "no kernel on \(isa)")
    self.geometry = geometry
    if case .scaled(let next)? = stages.first {
      factor = query.scale * key.scale * next
      self.stages = ScoreStages(stages: Array(stages.dropFirst()), isa: isa)
    } else {
      factor = query.scale * key.scale
      self.stages = ScoreStages(stages: stages, isa: isa)
    }
    maps = (query, key, shares, value)
    self.isa = isa
    self.requantization = requantization.map {
      PackedRequantization(
        $0, channels: 0..<1, weightSums: [0], largestSum: 255 * 255 * max(geometry.keys, 1),
        paddedCount: 16)
    }
    byteCount = withUnsafeTemporaryAllocation(byteCount: 64, alignment: 64) { memory in
      memory.baseAddress.map { Workspace(self, at: $0).byteCount } ?? 0
    }
  }

  /// The kernels that run.
  package var kernelName: String {
    guard let product = isa.codeProduct else { return "attention-u8-scalar" }
    return "attention-u8-\(product.instruction)-\(product.tile)"
  }

  // Working memory of one thread.
  private var keyQuads: Int { (geometry.depth + 3) / 4 }
  private var valueQuads: Int { (geometry.keys + 3) / 4 }
  private var scoreStride: Int { roundedUp(max(geometry.keys, 1), to: 16) }
  private var mixStride: Int { roundedUp(max(geometry.width, 1), to: 16) }
  private var codeStride: Int { roundedUp(max(geometry.keys, 1), to: 64) }
  private var queryStride: Int { roundedUp(max(geometry.depth, 1), to: 64) }

  /// Where one thread keeps what.
  private struct Workspace {
    let keys: UnsafeMutablePointer<Int8>
    let values: UnsafeMutablePointer<Int8>
    let keyStarts: UnsafeMutablePointer<Int32>
    let valueStarts: UnsafeMutablePointer<Int32>
    let sums: UnsafeMutablePointer<Int32>
    let mixed: UnsafeMutablePointer<Int32>
    let terms: UnsafeMutablePointer<Int32>
    let shares: UnsafeMutablePointer<UInt8>
    let queries: UnsafeMutablePointer<UInt8>
    let byteCount: Int

    init(_ attention: AttentionInt8, at base: UnsafeMutableRawPointer) {
      var free = base
      func take<Element>(_ count: Int, of type: Element.Type) -> UnsafeMutablePointer<Element> {
        defer { free += roundedUp(count * MemoryLayout<Element>.stride, to: 64) }
        return free.assumingMemoryBound(to: type)
      }
      let rows = ScoreStages.rowsPerPiece
      let (scoreStride, mixStride) = (attention.scoreStride, attention.mixStride)
      keys = take(scoreStride * attention.keyQuads * 4, of: Int8.self)
      values = take(mixStride * attention.valueQuads * 4, of: Int8.self)
      keyStarts = take(scoreStride, of: Int32.self)
      valueStarts = take(mixStride, of: Int32.self)
      sums = take(rows * scoreStride, of: Int32.self)
      mixed = take(rows * mixStride, of: Int32.self)
      terms = take(rows, of: Int32.self)
      shares = take(rows * attention.codeStride, of: UInt8.self)
      queries = take(rows * attention.queryStride, of: UInt8.self)
      byteCount = free - base
    }
  }

  package func scratchByteCount(threads: Int) -> Int { threads * byteCount }

  /// Where results go.
  package enum Destination {
    case codes(UnsafeMutablePointer<UInt8>)
    case reals(UnsafeMutablePointer<Float>)
  }

  /// - `mask`: what a stage adds.
  /// - `result`: codes where there is a requantization, reals where there is none.
  /// - `scratch`: `scratchByteCount(threads:)` bytes, aligned to 64.
  package func run(
    query: UnsafePointer<UInt8>, key: UnsafePointer<UInt8>, value: UnsafePointer<UInt8>,
    mask: UnsafePointer<Float>?, into result: Destination, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    geometry.forEachTask(pool: pool) { task, worker in
      let space = Workspace(self, at: scratch + worker * byteCount)
      let (batch, head) = (task.batch, task.head)
      pack(
        key + geometry.key.start(batch, head), geometry.key, depth: geometry.depth,
        columns: geometry.keys, zeroPoints: (maps.query.zeroPoint, maps.key.zeroPoint),
        into: space.keys, space.keyStarts)
      pack(
        value + geometry.value.start(batch, head), geometry.value, depth: geometry.keys,
        columns: geometry.width, zeroPoints: (maps.shares.zeroPoint, maps.value.zeroPoint),
        into: space.values, space.valueStarts)
      let left = query + geometry.query.start(batch, head)
      for first in stride(
        from: task.queries.lowerBound, to: task.queries.upperBound, by: ScoreStages.rowsPerPiece)
      {
        let rows = first..<min(first + ScoreStages.rowsPerPiece, task.queries.upperBound)
        score(left + first * geometry.query.rowStride, rows, task, mask, space)
        mix(rows, task, into: result, space)
      }
    }
  }

  /// Makes the codes of a piece's shares.
  private func score(
    _ queries: UnsafePointer<UInt8>, _ rows: Range<Int>, _ task: AttentionGeometry.Task,
    _ mask: UnsafePointer<Float>?, _ space: Workspace
  ) {
    let kernels = kern_activation_product_table_for(isa.kernelIsa).pointee
    var left = kern_gemm_u8_rows(
      data: queries, stride: geometry.query.rowStride, rows: rows.count)
    if geometry.depth % 4 != 0 {
      // Rows are read in quads; what stands behind them meets zeros.
      for index in 0..<rows.count {
        (space.queries + index * queryStride).update(
          from: queries + index * geometry.query.rowStride, count: geometry.depth)
      }
      left = kern_gemm_u8_rows(data: space.queries, stride: queryStride, rows: rows.count)
    }
    multiply(
      left, space.keys, quads: keyQuads, columns: scoreStride, starts: space.keyStarts,
      into: space.sums)
    findTerms(
      left, depth: geometry.depth, rightZeroPoint: maps.key.zeroPoint, space.terms, kernels)
    let scores = UnsafeMutableRawPointer(space.sums).assumingMemoryBound(to: Float.self)
    kernels.scale_rows_s32_f32(
      space.sums, scoreStride, rows.count, geometry.keys, space.terms, factor, scores)
    stages.apply(
      to: scores, stride: scoreStride, rows: rows, keys: geometry.keys, of: task, mask: mask,
      codes: space.shares)
    for index in 0..<rows.count {
      kernels.softmax_f32_u8(
        scores + index * scoreStride, geometry.keys, maps.shares.scale, maps.shares.zeroPoint,
        space.shares + index * codeStride)
    }
  }

  private func mix(
    _ rows: Range<Int>, _ task: AttentionGeometry.Task, into result: Destination,
    _ space: Workspace
  ) {
    let kernels = kern_activation_product_table_for(isa.kernelIsa).pointee
    let left = kern_gemm_u8_rows(data: space.shares, stride: codeStride, rows: rows.count)
    multiply(
      left, space.values, quads: valueQuads, columns: mixStride, starts: space.valueStarts,
      into: space.mixed)
    findTerms(
      left, depth: geometry.keys, rightZeroPoint: maps.value.zeroPoint, space.terms, kernels)
    let place =
      geometry.result.start(task.batch, task.head)
      + rows.lowerBound * geometry.result.rowStride
    switch result {
    case .codes(let codes):
      guard var packed = requantization?.kernelValue else {
        preconditionFailure("codes without a requantization")
      }
      kernels.requantize_rows_s32_u8(
        space.mixed, mixStride, rows.count, geometry.width, space.terms, &packed, codes + place,
        geometry.result.rowStride)
      guard let table = requantization?.table else { return }
      for index in 0..<rows.count {
        let row = codes + place + index * geometry.result.rowStride
        kern_int8_table_for(isa.kernelIsa).pointee.table_u8(
          table.base, row, row, geometry.width)
      }
    case .reals(let reals):
      let mixed = UnsafeMutableRawPointer(space.mixed).assumingMemoryBound(to: Float.self)
      kernels.scale_rows_s32_f32(
        space.mixed, mixStride, rows.count, geometry.width, space.terms,
        maps.shares.scale * maps.value.scale, mixed)
      for index in 0..<rows.count {
        (reals + place + index * geometry.result.rowStride).update(
          from: mixed + index * mixStride, count: geometry.width)
      }
    }
  }

  private func multiply(
    _ rows: kern_gemm_u8_rows, _ panels: UnsafePointer<Int8>, quads: Int, columns: Int,
    starts: UnsafePointer<Int32>, into sums: UnsafeMutablePointer<Int32>
  ) {
    var packed = kern_gemm_u8s8_panels(
      columns: columns, quads: quads, weights: panels, starts: nil, order: nil, runs: nil,
      places: nil, centres: starts, light: nil, outlier_share: 0)
    var rows = rows
    kern_int8_table_for(isa.kernelIsa).pointee.gemm_u8s8_s32(
      &packed, &rows, starts, sums, columns, 0, columns / 16)
  }

  /// What `(code - zeroPoint)` of the right side adds to every sum of a row, beyond codes less 128.
  private func findTerms(
    _ rows: kern_gemm_u8_rows, depth: Int, rightZeroPoint: Int32,
    _ terms: UnsafeMutablePointer<Int32>, _ kernels: kern_activation_product_table
  ) {
    let factor = 128 - rightZeroPoint
    guard factor != 0 else { return terms.update(repeating: 0, count: rows.rows) }
    kernels.sum_each_row_u8(rows.data, rows.stride, rows.rows, depth, terms)
    for index in 0..<rows.rows { terms[index] &*= factor }
  }

  /// Packs codes less 128, and finds what the sums of each column start from: with `b = code - 128`
  /// and `c = 128 - right zero point`, `(a - left) * (b + c)` adds up to the products of a and b, the
  /// row's term and `-left * (sum of b + depth * c)`.
  private func pack(
    _ base: UnsafePointer<UInt8>, _ matrix: HeadMatrices, depth: Int, columns: Int,
    zeroPoints: (left: Int32, right: Int32), into panels: UnsafeMutablePointer<Int8>,
    _ starts: UnsafeMutablePointer<Int32>
  ) {
    let kernels = kern_activation_product_table_for(isa.kernelIsa).pointee
    let isDenseAlongColumns = matrix.columnStride == 1
    var right = kern_right_u8(
      codes: base, stride: isDenseAlongColumns ? matrix.rowStride : matrix.columnStride,
      depth: depth, columns: columns)
    if isDenseAlongColumns {
      kernels.pack_depths_u8(&right, panels, starts)
    } else {
      kernels.pack_columns_u8(&right, panels, starts)
    }
    let constant = Int32(depth) &* (128 - zeroPoints.right)
    for column in 0..<columns {
      starts[column] = 0 &- zeroPoints.left &* (starts[column] &+ constant)
    }
  }
}
