internal import CKernels

/// `softmax(stages(q k)) v` for every head, a few queries at a time, so that scores never leave the
/// cache.
package struct AttentionFloat: Sendable {
  package let geometry: AttentionGeometry
  private let stages: ScoreStages
  /// What scores are multiplied with behind the stages, within the softmax.
  private let factor: Float
  /// The rounding of what the softmax makes, where there is one.
  private let rounding: (scale: Float, zeroPoint: Int32)?
  private let isa: InstructionSet
  private let keyPanels: [PackedPanels.Panel]
  private let valuePanels: [PackedPanels.Panel]

  /// - `rounding`: what quantizes and dequantizes the shares of the softmax.
  package init(
    _ geometry: AttentionGeometry, stages: [ScoreStage],
    rounding: (scale: Float, zeroPoint: Int32)? = nil, isa: InstructionSet = .best
  ) {
    self.geometry = geometry
    if case .scaled(let factor)? = stages.last, factor > 0 {
      self.factor = factor
      self.stages = ScoreStages(stages: Array(stages.dropLast()), isa: isa)
    } else {
      factor = 1
      self.stages = ScoreStages(stages: stages, isa: isa)
    }
    self.rounding = rounding
    self.isa = isa
    keyPanels = PackedPanels.cut(
      depth: geometry.depth, columns: geometry.keys, widest: isa.widestFloatPanel)
    valuePanels = PackedPanels.cut(
      depth: geometry.keys, columns: geometry.width, widest: isa.widestFloatPanel)
  }

  /// The kernels that run.
  package var kernelName: String { "f32-attention-\(isa.floatTile)-\(isa.forFloats.rawValue)" }

  private var scoreStride: Int { roundedUp(max(geometry.keys, 1), to: 16) }

  private static func floatCount(of panels: [PackedPanels.Panel], depth: Int, columns: Int) -> Int {
    roundedUp(PackedPanels.floatCount(of: panels, depth: depth, columns: columns), to: 16)
  }
  private var keyCount: Int {
    Self.floatCount(of: keyPanels, depth: geometry.depth, columns: geometry.keys)
  }
  private var valueCount: Int {
    Self.floatCount(of: valuePanels, depth: geometry.keys, columns: geometry.width)
  }

  /// Bytes for one thread: packed keys and values, scores, a row of codes, pointers to rows.
  private var byteCount: Int {
    let rows = ScoreStages.rowsPerPiece
    return 4 * (keyCount + valueCount + rows * scoreStride) + roundedUp(scoreStride, to: 64)
      + roundedUp(8 * rows, to: 64)
  }

  package func scratchByteCount(threads: Int) -> Int { threads * byteCount }

  /// - `mask`: what a stage adds.
  /// - `scratch`: `scratchByteCount(threads:)` bytes, aligned to 64.
  package func run(
    query: UnsafePointer<Float>, key: UnsafePointer<Float>, value: UnsafePointer<Float>,
    mask: UnsafePointer<Float>?, into result: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let geometry = self.geometry
    geometry.forEachTask(pool: pool) { task, worker in
      let (batch, head) = (task.batch, task.head)
      let keys = (scratch + worker * byteCount).assumingMemoryBound(to: Float.self)
      let values = keys + keyCount
      let scores = values + valueCount
      let rest = UnsafeMutableRawPointer(scores + ScoreStages.rowsPerPiece * scoreStride)
      let codes = rest.assumingMemoryBound(to: UInt8.self)
      let pointers = (rest + roundedUp(scoreStride, to: 64)).assumingMemoryBound(
        to: UnsafePointer<Float>.self)
      pack(
        key + geometry.key.start(batch, head), geometry.key, depth: geometry.depth, keyPanels,
        columns: geometry.keys, into: keys)
      pack(
        value + geometry.value.start(batch, head), geometry.value, depth: geometry.keys,
        valuePanels, columns: geometry.width, into: values)
      let left = query + geometry.query.start(batch, head)
      let target = result + geometry.result.start(batch, head)
      for first in stride(
        from: task.queries.lowerBound, to: task.queries.upperBound, by: ScoreStages.rowsPerPiece)
      {
        let rows = first..<min(first + ScoreStages.rowsPerPiece, task.queries.upperBound)
        for (index, row) in rows.enumerated() {
          pointers[index] = left + row * geometry.query.rowStride
        }
        PanelView(base: UnsafePointer(keys), depth: geometry.depth, panels: keyPanels).multiply(
          RowTable(
            pointers: pointers, rowStride: rows.count, taps: 1, channels: geometry.depth),
          rowCount: rows.count, panels: 0..<keyPanels.count,
          into: BlockOutput(base: scores, rowStride: scoreStride, addend: nil), activation: .none,
          isa: isa)
        stages.apply(
          to: scores, stride: scoreStride, rows: rows, keys: geometry.keys, of: task, mask: mask,
          codes: codes)
        weigh(scores, rows: rows.count, codes)
        for index in 0..<rows.count {
          pointers[index] = UnsafePointer(scores + index * scoreStride)
        }
        PanelView(base: UnsafePointer(values), depth: geometry.keys, panels: valuePanels).multiply(
          RowTable(
            pointers: pointers, rowStride: rows.count, taps: 1, channels: geometry.keys),
          rowCount: rows.count, panels: 0..<valuePanels.count,
          into: BlockOutput(
            base: target + first * geometry.result.rowStride,
            rowStride: geometry.result.rowStride, addend: nil),
          activation: .none, isa: isa)
      }
    }
  }

  private func weigh(
    _ scores: UnsafeMutablePointer<Float>, rows: Int, _ codes: UnsafeMutablePointer<UInt8>
  ) {
    SoftmaxFloat.run(
      inPlace: scores, rows: rows, columns: geometry.keys, stride: scoreStride, factor: factor,
      isa: isa)
    guard let rounding else { return }
    let integers = Int8Kernels(isa: isa).table
    for index in 0..<rows {
      let row = scores + index * scoreStride
      integers.quantize_f32_u8(row, codes, geometry.keys, rounding.scale, rounding.zeroPoint)
      integers.dequantize_u8_f32(codes, row, geometry.keys, rounding.scale, rounding.zeroPoint)
    }
  }

  /// Packs `[depth, columns]`.
  private func pack(
    _ base: UnsafePointer<Float>, _ matrix: HeadMatrices, depth: Int,
    _ panels: [PackedPanels.Panel], columns: Int, into packed: UnsafeMutablePointer<Float>
  ) {
    let kernels = isa.floatKernels
    packed.update(repeating: 0, count: roundedUp(columns, to: 16))
    for panel in panels {
      let source = base + panel.firstColumn * matrix.columnStride
      let target = packed + panel.offset
      if panel.columns < panel.width {
        kernels.pack(
          source, matrix.rowStride, matrix.columnStride, depth, panel.columns, panel.width, 1,
          target)
      } else if matrix.columnStride == 1 {
        for k in 0..<depth {
          (target + k * panel.width).update(
            from: source + k * matrix.rowStride, count: panel.width)
        }
      } else {
        kernels.transpose(
          source, matrix.columnStride, target, panel.width, panel.columns, depth)
      }
    }
  }
}
