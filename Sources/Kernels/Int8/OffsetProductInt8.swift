/// `sum of (a - aZero) * (b - bZero)` in int32, exact, for constant 8-bit `b` with any zero points
/// and a zero point of `a` that is known at run time only.
package struct OffsetProductInt8: Sendable {
  private let product: GEMMInt8
  /// What is missing from each column's weights, where zero points do not fit int8.
  private let offsets: [Int32]?

  package var depth: Int { product.depth }
  package var columns: Int { product.columns }
  package var kernelName: String { product.kernelName }

  /// - `weights`: codes of `b`, `[depth, columns]`, or `[columns, depth]` when `transposed`; each
  ///   in -128...255.
  /// - `zeroPoints`: one, or one for each column.
  /// - `expectsSmallCodes`: whether most runs may have small codes only.
  package init(
    depth: Int, columns: Int, weights: [Int16], zeroPoints: [Int16], transposed: Bool,
    expectsSmallCodes: Bool = true, isa: InstructionSet = .best
  ) {
    precondition(
      weights.count == depth * columns, "\(weights.count) weights for \(depth) x \(columns)")
    precondition(
      zeroPoints.count == 1 || zeroPoints.count == columns,
      "\(zeroPoints.count) zero points for \(columns) columns")
    let shifted = ShiftedWeights(weights, zeroPoints: zeroPoints) { index in
      transposed ? index / max(depth, 1) : index % columns
    }
    offsets = shifted.offsets.map {
      $0.count == 1 ? [Int32](repeating: $0[0], count: columns) : $0
    }
    product = GEMMInt8(
      depth: depth, columns: columns, weights: shifted.values, transposed: transposed,
      expectsSmallCodes: expectsSmallCodes,
      requantization: Requantization(multipliers: [1], inputZeroPoint: 0, outputZeroPoint: 0),
      isa: isa)
  }

  /// Bytes of scratch that `run` needs for up to `rows` rows.
  package func scratchByteCount(rows: Int, threads: Int) -> Int {
    product.scratchByteCount(rows: rows, threads: threads)
  }

  /// - `a`: `[rows, depth]`
  /// - `output`: `[rows, columns]`
  /// - `hasSlack`: whether 3 bytes behind the last row may be read.
  package func run(
    _ a: UnsafePointer<UInt8>, zeroPoint: UInt8, _ output: UnsafeMutablePointer<Int32>, rows: Int,
    hasSlack: Bool = false, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    product.runAccumulators(
      a, zeroPoint: zeroPoint, output, rows: rows, hasSlack: hasSlack, scratch: scratch, pool: pool)
    guard let offsets else { return }
    for row in 0..<rows {
      let codes = a + row * depth
      var sum = -Int32(zeroPoint) &* Int32(depth)
      for index in 0..<depth { sum &+= Int32(codes[index]) }
      let sums = output + row * columns
      for column in 0..<columns { sums[column] &+= sum &* offsets[column] }
    }
  }

  /// Whether what is added to the results may lie where they go: offsets are added to integers that
  /// lie there first.
  package var addsInPlace: Bool { offsets == nil }

  /// The sums made real. Offsets are added to the integers, so products with offsets take two
  /// passes.
  /// - `addend`: `[rows, columns]`, added before the activation.
  func runReals(
    _ a: UnsafePointer<UInt8>, _ parameters: DynamicQuantization.Parameters,
    scaling: AccumulatorScaling, addend: UnsafePointer<Float>?, activation: FloatActivation,
    _ output: UnsafeMutablePointer<Float>, rows: Int, hasSlack: Bool,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    guard offsets != nil else {
      return product.runReals(
        a, zeroPoint: parameters.zeroPoint, factor: parameters.scale, scaling: scaling,
        addend: addend, activation: activation, output, rows: rows, hasSlack: hasSlack,
        scratch: scratch, pool: pool)
    }
    let sums = UnsafeMutableRawPointer(output).assumingMemoryBound(to: Int32.self)
    run(
      a, zeroPoint: parameters.zeroPoint, sums, rows: rows, hasSlack: hasSlack, scratch: scratch,
      pool: pool)
    scaling.run(sums, rows: rows, inputScale: parameters.scale, pool: pool)
    if let addend {
      return FloatBinary.add.apply(
        output, addend, into: output, pattern: .same(count: rows * columns),
        activation: activation, isa: product.isa, pool: pool)
    }
    guard activation != .none else { return }
    activation.apply(
      output, into: output, count: rows * columns, isa: product.isa, pool: pool)
  }
}
