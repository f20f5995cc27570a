internal import CKernels

/// Weights of a matrix product in the panels that the kernels read, made safe against 16-bit
/// overflow.
///
/// The product instruction adds two neighbouring products in 16 bits and saturates. At most
/// `inputMaximum * (|w0| + |w1|)` can come out for two weights of the same sign, so most pairs are
/// proven safe here, once. A pair that is not gets halved: `w = (w - w / 2) + w / 2`, and the
/// second halves are multiplied in extra steps, for the quads of depth that need one. Where even
/// four products fit, in all columns of a panel, the kernel adds two quads before it widens the
/// sums. Where many pairs would be halved, codes less 128 are multiplied instead, with no more than
/// `128 * (127 + 127)` for any weights but -128.
///
/// One object, since every call of a product hands it on.
final class Int8Panels: Sendable {
  static let width = 16

  let columns: Int
  let depth: Int
  let quads: Int
  let count: Int
  /// One for each column.
  let weightSums: [Int32]
  /// Pair sums that an unguarded instruction could saturate, in the order of depth.
  let riskyPairs: [kern_risky_pair]
  let extraCount: Int
  /// Panels that add two quads before widening.
  let doubleStepCount: Int
  /// Panels that multiply codes less 128.
  let centredCount: Int
  /// Time of a row of the product, in steps of one quad.
  let cost: Double
  /// No 16-bit sum of these panels overflows while all codes of the left operand are at most this.
  let safeInputMaximum: UInt8

  private let weights: ConstantBuffer<Int8>
  private let steps: ConstantBuffer<UInt8>
  private let extraStarts: ConstantBuffer<UInt32>
  private let extraQuads: ConstantBuffer<UInt32>
  private let extraWeights: ConstantBuffer<Int8>
  private let centres: ConstantBuffer<Int32>

  /// Depth as kernels read it: rows of the left operand have this many bytes.
  var paddedDepth: Int { quads * 4 }

  var paddedColumns: Int { count * Self.width }

  /// The share of pair sums that no input can saturate.
  var provenSafeShare: Double {
    let pairs = columns * ((depth + 1) / 2)
    return pairs == 0 ? 1 : 1 - Double(riskyPairs.count) / Double(pairs)
  }

  /// - `rows`: the weights of each column, `[columns, depth]`.
  /// - `inputMaximum`: the largest code that the left operand can hold.
  /// - `isGuarded`: whether sums of two products have to fit 16 bits; else weights stay as they are.
  /// - Precondition: depth is at most 65,536, so that int32 cannot overflow.
  init(
    rows: [Int8], columns: Int, depth: Int, inputMaximum: UInt8, isGuarded: Bool = true
  ) {
    precondition(rows.count == columns * depth, "\(rows.count) weights for \(columns) x \(depth)")
    precondition(depth <= 65_536, "depth \(depth) can overflow the accumulators")
    self.columns = columns
    self.depth = depth
    quads = (depth + 3) / 4
    count = (columns + Self.width - 1) / Self.width
    weightSums = rows.withUnsafeBufferPointer { rows in
      (0..<columns).map { column in
        rows[column * depth..<(column + 1) * depth].reduce(0) { $0 &+ Int32($1) }
      }
    }
    let bound = PairBound(inputMaximum: inputMaximum)
    riskyPairs = bound.riskyPairs(rows: rows, columns: columns, depth: depth)
    let packingBound = isGuarded ? bound : .unlimited

    var allWeights: [Int8] = []
    allWeights.reserveCapacity(count * quads * 64)
    var allSteps: [UInt8] = []
    var starts: [UInt32] = [0]
    var extraIndices: [UInt32] = []
    var extras: [Int8] = []
    var cost = 0.0
    var largestSum = 1
    for panel in 0..<count {
      let first = panel * Self.width
      let packed = PackedPanel(
        rows: rows, columns: first..<min(first + Self.width, columns), depth: depth,
        bound: packingBound)
      allWeights += packed.weights
      allWeights += [Int8](repeating: 0, count: quads * 64 - packed.weights.count)
      allSteps.append(packed.step)
      extraIndices += packed.extraQuads
      extras += packed.extraWeights
      starts.append(UInt32(extraIndices.count))
      cost += packed.cost
      // A centred panel holds any code.
      if isGuarded, !packed.isCentred { largestSum = max(largestSum, packed.largestSum) }
    }
    self.cost = cost
    safeInputMaximum = UInt8(clamping: Int(Int16.max) / largestSum)
    weights = ConstantBuffer(allWeights, padding: 0)
    steps = ConstantBuffer(allSteps, padding: 1)
    extraStarts = ConstantBuffer(starts, padding: 0)
    extraQuads = ConstantBuffer(extraIndices, padding: 0)
    extraWeights = ConstantBuffer(extras, padding: 0)
    extraCount = extraIndices.count
    doubleStepCount = allSteps.count { $0 == 2 }
    centredCount = allSteps.count { $0 == 0 }
    centres = ConstantBuffer(
      weightSums.map { 128 &* $0 }
        + [Int32](repeating: 0, count: count * Self.width - columns),
      padding: 0)
  }

  var kernelValue: kern_gemm_u8s8_panels {
    kern_gemm_u8s8_panels(
      columns: columns, quads: quads, weights: weights.base, steps: steps.base,
      extra_starts: extraStarts.base, extra_quads: extraQuads.base,
      extra_weights: extraWeights.base, centres: centres.base)
  }
}
