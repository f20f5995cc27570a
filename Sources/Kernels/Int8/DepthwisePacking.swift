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
    let columns = WindowColumns(taps, height: kernelHeight, width: kernelWidth)
    let arrangements = RowArrangement.candidates(height: kernelHeight)
    let proven =
      arrangements.first { arrangement in
        columns.allSatisfy { arrangement.holds($0, bound: bound) }
      } ?? RowArrangement.halves(height: kernelHeight)
    let dense = RowArrangement.dense(height: kernelHeight)
    let adds =
      dense.quads == 2
      && columns.allSatisfy { dense.holdsQuadsTogether($0, bound: bound) }
    let chosen = adds ? dense : proven
    addsQuads = adds
    quads = chosen.quads
    rows = ConstantBuffer(chosen.slots.map { Int8($0 ?? -1) }, padding: -1)
    let isWide = channels.count == Self.wideChannels
    let width = isWide ? Self.wideChannels : Self.narrowChannels
    var packed = [Int8](repeating: 0, count: kernelWidth * chosen.quads * width * 4)
    columns.forEach { column, channel, x in
      let place = isWide ? kern_dwconv_place(channel) : channel
      _ = chosen.spread(column, bound: bound) { slot, part in
        packed[((x * chosen.quads + slot / 4) * width + place) * 4 + slot % 4] = part
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
