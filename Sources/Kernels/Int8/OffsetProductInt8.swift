/// `sum of (a - aZero) * (b - bZero)` in int32, exact, for constant 8-bit `b` with any zero points
/// and a zero point of `a` that is known at run time only.
package struct OffsetProductInt8: Sendable {
  private let product: GEMMInt8
  /// What is missing from each stored weight, where zero points do not fit int8.
  private let offsets: [Int32]?

  package var depth: Int { product.depth }
  package var columns: Int { product.columns }
  package var kernelName: String { product.kernelName }

  /// - `weights`: codes of `b`, `[depth, columns]`, or `[columns, depth]` when `transposed`; each in
  ///   -128...255.
  /// - `zeroPoints`: one, or one for each column.
  package init(
    depth: Int, columns: Int, weights: [Int16], zeroPoints: [Int16], transposed: Bool,
    inputMaximum: UInt8 = 255, isa: InstructionSet = .best
  ) {
    precondition(
      weights.count == depth * columns, "\(weights.count) weights for \(depth) x \(columns)")
    precondition(
      zeroPoints.count == 1 || zeroPoints.count == columns,
      "\(zeroPoints.count) zero points for \(columns) columns")
    func zeroPoint(_ index: Int) -> Int16 {
      if zeroPoints.count == 1 { return zeroPoints[0] }
      return zeroPoints[transposed ? index / max(depth, 1) : index % columns]
    }
    var stored = weights.indices.compactMap { Int8(exactly: weights[$0] - zeroPoint($0)) }
    if stored.count == weights.count {
      offsets = nil
    } else {
      // The codes themselves always fit once those of uint8 are moved by 128.
      let shift: Int16 = weights.contains { $0 > 127 } ? 128 : 0
      stored = weights.map { Int8(clamping: $0 - shift) }
      offsets = (0..<columns).map {
        Int32(shift - (zeroPoints.count == 1 ? zeroPoints[0] : zeroPoints[$0]))
      }
    }
    product = GEMMInt8(
      depth: depth, columns: columns, weights: stored, transposed: transposed,
      inputMaximum: inputMaximum,
      requantization: Requantization(multipliers: [1], inputZeroPoint: 0, outputZeroPoint: 0),
      isa: isa)
  }

  /// Bytes of scratch that `run` needs for up to `rows` rows.
  package func scratchByteCount(rows: Int, threads: Int) -> Int {
    product.scratchByteCount(rows: rows, threads: threads)
  }

  /// - `a`: `[rows, depth]`
  /// - `output`: `[rows, columns]`
  package func run(
    _ a: UnsafePointer<UInt8>, zeroPoint: UInt8, _ output: UnsafeMutablePointer<Int32>, rows: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    product.runAccumulators(
      a, zeroPoint: zeroPoint, output, rows: rows, scratch: scratch, pool: pool)
    guard let offsets else { return }
    for row in 0..<rows {
      let codes = a + row * depth
      var sum = -Int32(zeroPoint) &* Int32(depth)
      for index in 0..<depth { sum &+= Int32(codes[index]) }
      let sums = output + row * columns
      for column in 0..<columns { sums[column] &+= sum &* offsets[column] }
    }
  }
}
