internal import CKernels

/// Weights of a matrix product in the panels that the kernels read, made safe against 16-bit
/// overflow.
///
/// The product instruction adds two neighbouring products in 16 bits and saturates. At most
/// `inputMaximum * (|w0| + |w1|)` can come out for two weights of the same sign, so most pairs are
/// proven safe here, once, and most sums of several quads as well: the kernel adds those before it
/// widens them. Which quads go together is free, so that heavy ones meet light ones (`QuadRuns`).
/// A pair that is too heavy alone is halved: `w = (w - w / 2) + w / 2`, and the second halves are
/// multiplied in a step of their own. Where many pairs would be halved, codes less 128 are
/// multiplied instead, with no more than `128 * (127 + 127)` for any weights but -128.
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
  /// How the panels are multiplied.
  let traits: PanelTraits

  private let isGuarded: Bool
  private let weights: ConstantBuffer<Int8>
  private let starts: ConstantBuffer<UInt32>
  private let order: ConstantBuffer<UInt16>
  private let runs: ConstantBuffer<kern_quad_runs>
  private let places: ConstantBuffer<UInt16>
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
  /// - `mayCentre`: whether codes less 128 may be multiplied.
  /// - `quadPlaces`: where each quad stands in a row, in quads, if not one behind the other.
  /// - Precondition: depth is at most 65,536, so that int32 cannot overflow.
  init(
    rows: [Int8], columns: Int, depth: Int, inputMaximum: UInt8, isGuarded: Bool = true,
    mayCentre: Bool = true, quadPlaces: [UInt16]? = nil
  ) {
    precondition(rows.count == columns * depth, "\(rows.count) weights for \(columns) x \(depth)")
    precondition(depth <= 65_536, "depth \(depth) can overflow the accumulators")
    self.columns = columns
    self.depth = depth
    self.isGuarded = isGuarded
    quads = (depth + 3) / 4
    count = (columns + Self.width - 1) / Self.width
    weightSums = (0..<columns).map { column in
      rows[column * depth..<(column + 1) * depth].reduce(0) { $0 + Int32($1) }
    }
    let bound = PairBound(inputMaximum: inputMaximum)
    riskyPairs = bound.riskyPairs(rows: rows, columns: columns, depth: depth)

    var allWeights: [Int8] = []
    allWeights.reserveCapacity(count * quads * 64)
    var allStarts: [UInt32] = [0]
    var allQuads: [UInt16] = []
    var allPlaces: [UInt16] = []
    var allRuns: [kern_quad_runs] = []
    var traits = PanelTraits(quads: count * quads)
    for panel in 0..<count {
      let first = panel * Self.width
      let panelColumns = first..<min(first + Self.width, columns)
      guard isGuarded else {
        allWeights += PackedPanel.inOrder(rows: rows, columns: panelColumns, depth: depth)
        continue
      }
      let packed = PackedPanel(
        rows: rows, columns: panelColumns, depth: depth, bound: bound, mayCentre: mayCentre)
      allWeights += packed.weights
      var placesOfPanel = packed.order
      for (step, quad) in packed.order.enumerated() { placesOfPanel[Int(quad)] = UInt16(step) }
      allQuads += quadPlaces.map { places in packed.order.map { places[Int($0)] } } ?? packed.order
      allPlaces += placesOfPanel
      allStarts.append(UInt32(allQuads.count))
      allRuns.append(packed.runs)
      traits.add(packed.runs, steps: packed.order.count)
    }
    // The last panel may be narrow.
    let missing = max(count * quads, allQuads.count) * 64 - allWeights.count
    allWeights += [Int8](repeating: 0, count: missing)
    self.traits = traits
    weights = ConstantBuffer(allWeights, padding: 0)
    starts = ConstantBuffer(allStarts, padding: 0)
    order = ConstantBuffer(allQuads, padding: 0)
    runs = ConstantBuffer(allRuns, padding: kern_quad_runs())
    places = ConstantBuffer(allPlaces, padding: 0)
    centres = ConstantBuffer(
      weightSums.map { 128 &* $0 }
        + [Int32](repeating: 0, count: count * Self.width - columns),
      padding: 0)
  }

  var kernelValue: kern_gemm_u8s8_panels {
    kern_gemm_u8s8_panels(
      columns: columns, quads: quads, weights: weights.base,
      starts: isGuarded ? starts.base : nil, order: isGuarded ? order.base : nil,
      runs: isGuarded ? runs.base : nil, places: isGuarded ? places.base : nil,
      centres: centres.base, light: nil, outlier_share: 0)
  }
}
