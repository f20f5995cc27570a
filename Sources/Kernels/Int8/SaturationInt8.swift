internal import CKernels

/// What an unguarded int8 kernel would have saturated.
package struct SaturationCount: Hashable, Sendable {
  /// 16-bit sums of two products.
  package var pairs: Int
  /// Those beyond -32768...32767.
  package var saturated: Int

  package init(pairs: Int, saturated: Int) {
    self.pairs = pairs
    self.saturated = saturated
  }
}

/// Finds the 16-bit sums that an unguarded kernel would have saturated, and what that does to the
/// output.
///
/// Only pairs that packing could not prove safe are looked at; the others cannot saturate.
struct SaturationInt8: Sendable {
  private let groups: [[kern_risky_pair]]
  private let depth: Int
  private let columnsPerGroup: Int
  private let requantization: Requantization

  /// Copies rows `range` of a group to `rowStride` bytes each, with zeros behind the depth.
  typealias Gather = (
    _ group: Int, _ range: Range<Int>, _ copy: UnsafeMutablePointer<UInt8>
  ) -> Void

  init(
    groups: [[kern_risky_pair]], depth: Int, columnsPerGroup: Int, requantization: Requantization
  ) {
    self.groups = groups
    self.depth = depth
    self.columnsPerGroup = columnsPerGroup
    self.requantization = requantization
  }

  /// Of one group, whose weights are `[columns, depth]`.
  init(
    weightRows: [Int8], columns: Int, inputMaximum: UInt8, requantization: Requantization
  ) {
    let depth = weightRows.count / max(columns, 1)
    let risky = PairBound(inputMaximum: inputMaximum)
      .riskyPairs(rows: weightRows, columns: columns, depth: depth)
    self.init(
      groups: [risky], depth: depth, columnsPerGroup: columns, requantization: requantization)
  }

  /// The share of pairs that no input can saturate.
  var provenSafeShare: Double {
    let pairs = columns * ((depth + 1) / 2)
    let risky = groups.reduce(0) { $0 + $1.count }
    return pairs == 0 ? 1 : 1 - Double(risky) / Double(pairs)
  }

  /// Bytes of a gathered row: a multiple of 4 that holds the depth.
  var rowStride: Int { (depth + 3) / 4 * 4 }

  private var columns: Int { groups.count * columnsPerGroup }

  func count(rows: Int, gather: Gather) -> SaturationCount {
    saturate(rows: rows, accumulators: nil, gather: gather)
  }

  /// - `accumulate`: fills `[rows, columns]` with `sum of (x - zeroPoint) * w`.
  func run(
    rows: Int, output: UnsafeMutablePointer<UInt8>,
    accumulate: (_ accumulators: UnsafeMutablePointer<Int32>, _ zeroPoint: UInt8) -> Void,
    gather: Gather
  ) -> SaturationCount {
    let accumulators = UnsafeMutablePointer<Int32>.allocate(capacity: max(rows * columns, 1))
    defer { accumulators.deallocate() }
    let counts = runSums(
      rows: rows, accumulators: accumulators, accumulate: accumulate, gather: gather)
    for row in 0..<rows {
      for column in 0..<columns {
        let place = row * columns + column
        let sum = accumulators[place] &+ requantization.bias(channel: column)
        output[place] = requantization.code(of: sum, channel: column)
      }
    }
    return counts
  }

  /// The sums alone, without bias, into `accumulators`.
  func runSums(
    rows: Int, accumulators: UnsafeMutablePointer<Int32>,
    accumulate: (_ accumulators: UnsafeMutablePointer<Int32>, _ zeroPoint: UInt8) -> Void,
    gather: Gather
  ) -> SaturationCount {
    accumulate(accumulators, requantization.inputZeroPoint)
    return saturate(rows: rows, accumulators: accumulators, gather: gather)
  }

  private func saturate(
    rows: Int, accumulators: UnsafeMutablePointer<Int32>?, gather: Gather
  ) -> SaturationCount {
    var counts = SaturationCount(pairs: rows * columns * ((depth + 1) / 2), saturated: 0)
    let rowsPerBlock = RowBlocks.mostRows(paddedDepth: rowStride)
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: max(rowsPerBlock * rowStride, 1))
    defer { copy.deallocate() }
    for (group, pairs) in groups.enumerated() where !pairs.isEmpty {
      for first in stride(from: 0, to: rows, by: rowsPerBlock) {
        let range = first..<min(first + rowsPerBlock, rows)
        gather(group, range, copy)
        let out = accumulators.map { $0 + first * columns + group * columnsPerGroup }
        counts.saturated += Int(
          kern_saturation_u8s8(pairs, pairs.count, copy, rowStride, range.count, out, columns))
      }
    }
    return counts
  }
}
