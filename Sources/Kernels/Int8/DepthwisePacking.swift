internal import CKernels

/// Depthwise weights of a block of channels, arranged so that no 16-bit sum can overflow.
///
/// A window column is multiplied in pairs of rows. A row may stand in several pairs, and its weight
/// is then spread over them: rows 0, 1, 2 as the pairs (0, 1), (1, 2) hold any three weights whose
/// sum of one sign is at most 256 even for full-range codes, in the time of one quad. The first
/// arrangement that holds all columns and channels is taken; the last always does.
struct PackedDepthwiseBlock: Sendable {
  let channels: Range<Int>
  let quads: Int
  /// Whether the 16-bit sums of the two quads of a column may be added before widening.
  let addsQuads: Bool
  private let rows: ConstantBuffer<Int8>
  private let weights: ConstantBuffer<Int8>

  /// Multiplications for a column of the window.
  var cost: Int { addsQuads ? 3 : 2 * quads }

  static let wideChannels = 32
  static let narrowChannels = 16

  /// Blocks of 32 channels while there are as many, then of up to 16.
  static func blocks(channels: Int) -> [Range<Int>] {
    var blocks: [Range<Int>] = []
    var first = 0
    while first < channels {
      let size = channels - first >= wideChannels ? wideChannels : narrowChannels
      blocks.append(first..<min(first + size, channels))
      first += size
    }
    return blocks
  }

  /// Packs the weights `taps`, `[channels, kernelHeight, kernelWidth]`.
  init(
    channels: Range<Int>, taps: ArraySlice<Int8>, kernelHeight: Int, kernelWidth: Int,
    bound: PairBound
  ) {
    self.channels = channels
    let count = kernelHeight * kernelWidth
    let columns = stride(from: taps.startIndex, to: taps.endIndex, by: count).map { first in
      (0..<kernelWidth).map { x in
        (0..<kernelHeight).map { y in taps[first + y * kernelWidth + x] }
      }
    }
    let arrangements = RowArrangement.candidates(height: kernelHeight)
    let proven =
      arrangements.first { arrangement in
        columns.allSatisfy { $0.allSatisfy { arrangement.spread($0, bound: bound) != nil } }
      } ?? RowArrangement.halves(height: kernelHeight)
    let dense = RowArrangement.dense(height: kernelHeight)
    let adds =
      dense.quads == 2
      && columns.allSatisfy { $0.allSatisfy { dense.holdsQuadsTogether($0, bound: bound) } }
    let chosen = adds ? dense : proven
    addsQuads = adds
    quads = chosen.quads
    rows = ConstantBuffer(chosen.slots.map { Int8($0 ?? -1) }, padding: -1)
    let isWide = channels.count == Self.wideChannels
    let width = isWide ? Self.wideChannels : Self.narrowChannels
    var packed = [Int8](repeating: 0, count: kernelWidth * chosen.quads * width * 4)
    for (channel, columns) in columns.enumerated() {
      let place = isWide ? kern_dwconv_place(channel) : channel
      for (x, column) in columns.enumerated() {
        guard let parts = chosen.spread(column, bound: bound) else { continue }
        for (slot, part) in parts.enumerated() {
          packed[((x * chosen.quads + slot / 4) * width + place) * 4 + slot % 4] = part
        }
      }
    }
    weights = ConstantBuffer(packed, padding: 0)
  }

  /// The block for a kernel; `initial` is what the accumulators of all its channels start from.
  func kernelValue(initial: UnsafePointer<Int32>) -> kern_dwconv_u8s8_block {
    kern_dwconv_u8s8_block(
      is_wide: channels.count == Self.wideChannels, adds_quads: addsQuads, quads: quads,
      rows: rows.base,
      weights: weights.base, initial: initial)
  }
}

/// Which rows of a window column stand in which pair.
struct RowArrangement: Equatable {
  /// Pairs one after another, filled up to whole quads with `nil`.
  let slots: [Int?]

  var quads: Int { slots.count / 4 }

  private init(pairs: [(Int?, Int?)]) {
    var slots = pairs.flatMap { [$0.0, $0.1] }
    while slots.count % 4 != 0 { slots.append(nil) }
    self.slots = slots
  }

  /// Every row once.
  static func dense(height: Int) -> RowArrangement {
    RowArrangement(
      pairs: stride(from: 0, to: height, by: 2).map { ($0, $0 + 1 < height ? $0 + 1 : nil) })
  }

  /// Each pair shares a row with the next.
  static func chain(height: Int) -> RowArrangement {
    RowArrangement(pairs: (0..<max(height - 1, 1)).map { ($0, $0 + 1 < height ? $0 + 1 : nil) })
  }

  /// Every pair twice, so that halves of any weights fit.
  static func halves(height: Int) -> RowArrangement {
    RowArrangement(
      pairs: stride(from: 0, to: height, by: 2).flatMap { row -> [(Int?, Int?)] in
        row + 1 < height ? [(row, row + 1), (row, row + 1)] : [(row, nil)]
      })
  }

  /// Fewest quads first.
  static func candidates(height: Int) -> [RowArrangement] {
    [chain(height: height), dense(height: height), halves(height: height)]
      .enumerated()
      .sorted { ($0.element.quads, $0.offset) < ($1.element.quads, $1.offset) }
      .map(\.element)
  }

  /// The part of each row's weight that each slot takes, or `nil` when they do not fit.
  func spread(_ column: [Int8], bound: PairBound) -> [Int8]? {
    var rest = column.map(Int.init)
    var parts = [Int8](repeating: 0, count: slots.count)
    for pair in stride(from: 0, to: slots.count, by: 2) {
      var room = (positive: bound.limit, negative: bound.limit)
      // A row that stands in no later pair goes first: it has to fit here.
      let places = [pair, pair + 1].sorted { isLast($0) && !isLast($1) }
      for place in places {
        guard let row = slots[place] else { continue }
        let part =
          rest[row] >= 0
          ? min(rest[row], room.positive, Int(Int8.max))
          : max(rest[row], -room.negative, Int(Int8.min))
        if part >= 0 { room.positive -= part } else { room.negative += part }
        rest[row] -= part
        parts[place] = Int8(part)
      }
    }
    return rest.allSatisfy { $0 == 0 } ? parts : nil
  }

  /// Whether the weights fit where pairs are added across the two quads of a column.
  func holdsQuadsTogether(_ column: [Int8], bound: PairBound) -> Bool {
    stride(from: 0, to: 4, by: 2).allSatisfy { pair in
      var sum = WeightSum()
      for place in [pair, pair + 1, pair + 4, pair + 5] {
        if let row = slots[place] { sum.add(column[row]) }
      }
      return bound.holds(sum)
    }
  }

  private func isLast(_ place: Int) -> Bool {
    guard let row = slots[place] else { return true }
    return !slots[(place / 2 * 2 + 2)...].contains(row)
  }
}
