internal import CKernels

/// The right side of a matrix product, `[depth, columns]`, cut into panels of 32, 16 or 8
/// columns that a kernel walks from front to back, together with a bias for every column.
struct PackedPanels: Sendable {
  /// Columns `firstColumn..<firstColumn + columns`, stored `width` apart.
  struct Panel: Sendable {
    var firstColumn: Int
    var columns: Int
    var width: Int
    var offset: Int
  }

  /// Where the weight for depth `index * channels + channel` and a column lies in the source:
  /// `base + tap * tapStride + channel * channelStride + column * columnStride`, where `tap` is
  /// `index`, or what `taps` has in its place.
  struct Source {
    var base: UnsafePointer<Float>
    var taps: [Int]? = nil
    var tapStride: Int
    var channelStride: Int
    var columnStride: Int
  }

  let taps: Int
  let channels: Int
  let columns: Int
  let panels: [Panel]
  /// The bias, padded to whole panels, and the panels behind it.
  private let memory: PackedFloats

  var depth: Int { taps * channels }

  /// Floats that panels take together with the bias in front of them.
  static func floatCount(of panels: [Panel], depth: Int, columns: Int) -> Int {
    panels.reduce(roundedUp(columns, to: 16)) { $0 + $1.width * depth }
  }

  /// - `widest`: columns of the widest panel that the kernel takes, 16 or 32.
  static func cut(depth: Int, columns: Int, widest: Int) -> [Panel] {
    var panels: [Panel] = []
    var first = 0
    var offset = roundedUp(columns, to: 16)
    while first < columns {
      let rest = columns - first
      // A wide panel that is half full is quicker than two narrow ones.
      let width = rest > 16 ? widest : rest > 8 ? 16 : 8
      panels.append(
        Panel(
          firstColumn: first, columns: min(width, columns - first), width: width, offset: offset))
      first += width
      offset += width * depth
    }
    return panels
  }

  /// Panels of zeros, to be filled.
  init(taps: Int, channels: Int, columns: Int, isa: InstructionSet) {
    self.taps = taps
    self.channels = channels
    self.columns = columns
    panels = Self.cut(depth: taps * channels, columns: columns, widest: isa.widestFloatPanel)
    memory = PackedFloats(
      count: Self.floatCount(of: panels, depth: taps * channels, columns: columns))
  }

  init(
    taps: Int, channels: Int, columns: Int, source: Source, factor: Float = 1, bias: [Float]?,
    isa: InstructionSet
  ) {
    self.init(taps: taps, channels: channels, columns: columns, isa: isa)
    fill(from: source, factor: factor)
    for (column, value) in (bias ?? []).enumerated() { memory.base[column] = value }
  }

  /// Packs weights over those that were there; nobody may be multiplying.
  func fill(from source: Source, factor: Float = 1) {
    let pack = kern_f32_table_for(KERN_SCALAR).pointee.pack
    for panel in panels {
      for index in 0..<taps {
        let tap = source.taps?[index] ?? index
        pack(
          source.base + tap * source.tapStride + panel.firstColumn * source.columnStride,
          source.channelStride, source.columnStride, channels, panel.columns, panel.width, factor,
          memory.base + panel.offset + index * channels * panel.width)
      }
    }
  }

  /// Puts `columns` values in place of the bias.
  func fill(bias: UnsafePointer<Float>) { memory.base.update(from: bias, count: columns) }

  var view: PanelView { PanelView(base: UnsafePointer(memory.base), depth: depth, panels: panels) }
}

/// Packed panels, wherever their memory comes from.
struct PanelView {
  var base: UnsafePointer<Float>
  var depth: Int
  var panels: [PackedPanels.Panel]
}

/// Left rows that are found through pointers: `[taps][rowStride]`, each of `channels` values.
struct RowTable {
  var pointers: UnsafeMutablePointer<UnsafePointer<Float>>
  var rowStride: Int
  var taps: Int
  var channels: Int
}

/// Where a block of results goes.
struct BlockOutput {
  var base: UnsafeMutablePointer<Float>
  var rowStride: Int
  /// Laid out as `base`; added before the activation.
  var addend: UnsafePointer<Float>?
}

extension PanelView {
  /// Multiplies `rowCount` rows with some of the panels.
  /// - `nextPanel`: what is wanted behind them; their first one, for other rows, if nil.
  /// - Precondition: `rows.taps * rows.channels` is the depth.
  func multiply(
    _ rows: RowTable, rowCount: Int, panels range: Range<Int>, nextPanel: Int? = nil,
    into output: BlockOutput, activation: FloatActivation, isa: InstructionSet
  ) {
    guard rowCount > 0, !range.isEmpty else { return }
    let kernel = isa.floatKernels.igemm
    let bounds = activation.bounds
    for index in range {
      let panel = panels[index]
      let isLast = index + 1 == range.upperBound
      let next = panels[isLast ? nextPanel ?? range.lowerBound : index + 1]
      var block = kern_igemm_f32_block(
        rows: rows.pointers, row_stride: rows.rowStride, taps: rows.taps, channels: rows.channels,
        panel: base + panel.offset, columns: panel.columns, bias: base + panel.firstColumn,
        addend: output.addend.map { $0 + panel.firstColumn },
        output: output.base + panel.firstColumn, output_stride: output.rowStride,
        next: base + next.offset, low: bounds.low, high: bounds.high,
        hard_swish: activation == .hardSwish)
      kernel(&block, panel.width, rowCount)
    }
    guard activation.needsPassBehindSums else { return }
    let first = panels[range.lowerBound].firstColumn
    let last = panels[range.upperBound - 1]
    activation.apply(
      output.base + first, rows: rowCount, columns: last.firstColumn + last.columns - first,
      stride: output.rowStride, isa: isa)
  }
}
