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
    weightSums = (0..<columns).map { column in
      rows[column * depth..<(column + 1) * depth].reduce(0) { $0 + Int32($1) }
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
      if !packed.isCentred { largestSum = max(largestSum, packed.largestSum) }
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

/// How much weight fits into one 16-bit sum.
struct PairBound: Sendable {
  /// The largest sum of weights of one sign that no input lifts beyond 16 bits.
  let limit: Int

  /// Holds any sum of weights.
  static let unlimited = PairBound(limit: .max)

  private init(limit: Int) { self.limit = limit }

  init(inputMaximum: UInt8) { limit = Int(Int16.max) / max(Int(inputMaximum), 1) }

  func holds(_ sum: WeightSum) -> Bool { sum.positive <= limit && sum.negative <= limit }

  func riskyPairs(rows: [Int8], columns: Int, depth: Int) -> [kern_risky_pair] {
    var pairs: [kern_risky_pair] = []
    for column in 0..<columns {
      for first in stride(from: 0, to: depth, by: 2) {
        let one = rows[column * depth + first]
        let two = first + 1 < depth ? rows[column * depth + first + 1] : 0
        var sum = WeightSum()
        sum.add(one)
        sum.add(two)
        if !holds(sum) {
          pairs.append(
            kern_risky_pair(
              column: UInt32(column), depth: UInt32(first), first: Int16(one), second: Int16(two)))
        }
      }
    }
    return pairs
  }
}

/// Weights of one 16-bit sum, by sign: with codes that are never negative, only equal signs add up.
struct WeightSum {
  private(set) var positive = 0
  private(set) var negative = 0

  mutating func add(_ weight: Int8) {
    if weight > 0 { positive += Int(weight) } else { negative -= Int(weight) }
  }
}

/// One panel, with the faster of the two ways to step through it.
private struct PackedPanel {
  /// `[quad][8 or 16][4]`.
  var weights: [Int8]
  /// Quads whose 16-bit sums are added before widening; 0 where codes less 128 are multiplied.
  let step: UInt8
  var isCentred: Bool { step == 0 }
  /// Columns that the panel has room for: 8 or 16.
  private let columnWidth: Int
  var extraQuads: [UInt32] = []
  var extraWeights: [Int8] = []
  /// Time of all steps for one row, in steps with one quad.
  let cost: Double

  /// Time of a step with two quads, in steps with one; measured.
  private static let doubleStepCost = 0.85
  /// Time of a step with codes less 128, likewise.
  private static let centredStepCost = 1.25

  init(rows: [Int8], columns: Range<Int>, depth: Int, bound: PairBound) {
    let quads = (depth + 3) / 4
    let width = columns.count <= 8 ? 8 : 16
    columnWidth = width
    var packed = [Int8](repeating: 0, count: quads * width * 4)
    for (lane, column) in columns.enumerated() {
      for k in 0..<depth {
        packed[((k / 4) * width + lane) * 4 + k % 4] = rows[column * depth + k]
      }
    }
    let single = Self.overflows(packed, width: width, step: 1, bound: bound)
    let double = Self.overflows(packed, width: width, step: 2, bound: bound)
    // A sum of four halves holds 256; a single sum of two halves, 128, fits any input.
    let canHalve = bound.limit >= 256 || double.quads.isEmpty
    let singleCost = Double(quads + single.quads.count)
    let doubleCost = Double(quads) * Self.doubleStepCost + Double(double.quads.count)
    let isDouble = quads >= 2 && canHalve && doubleCost < singleCost
    let centredCost = Double(quads) * Self.centredStepCost
    weights = packed
    if centredCost < min(singleCost, doubleCost), !packed.contains(.min) {
      step = 0
      cost = centredCost
      return
    }
    step = isDouble ? 2 : 1
    cost = isDouble ? doubleCost : singleCost
    halve(isDouble ? double : single, width: width)
  }

  /// Pairs of weights, and the quads they are in, whose sums `bound` does not hold.
  private struct Overflows {
    /// Offsets of the first weight of each pair.
    var pairs: [Int] = []
    var quads: Set<Int> = []
  }

  private static func overflows(_ packed: [Int8], width: Int, step: Int, bound: PairBound)
    -> Overflows
  {
    var found = Overflows()
    let quadSize = width * 4
    forEachSum(packed, width: width, step: step) { sum, quads, offset in
      guard !bound.holds(sum) else { return }
      for quad in quads {
        found.pairs.append(quad * quadSize + offset)
        found.quads.insert(quad)
      }
    }
    return found
  }

  /// The largest sum of weights of one sign that the kernel adds up in 16 bits.
  var largestSum: Int {
    let width = columnWidth
    var largest = 0
    Self.forEachSum(weights, width: width, step: Int(step)) { sum, _, _ in
      largest = max(largest, sum.positive, sum.negative)
    }
    // A quad of extras has room for 16 columns.
    Self.forEachSum(extraWeights, width: Int8Panels.width, step: 1) { sum, _, _ in
      largest = max(largest, sum.positive, sum.negative)
    }
    return largest
  }

  /// Every 16-bit sum: of the pairs at `offset` in each of `quads`.
  private static func forEachSum(
    _ packed: [Int8], width: Int, step: Int,
    _ body: (_ sum: WeightSum, _ quads: Range<Int>, _ offset: Int) -> Void
  ) {
    let quadSize = width * 4
    let quads = packed.count / quadSize
    for first in stride(from: 0, to: quads, by: step) {
      let last = min(first + step, quads)
      for offset in stride(from: 0, to: quadSize, by: 2) {
        var sum = WeightSum()
        for quad in first..<last {
          sum.add(packed[quad * quadSize + offset])
          sum.add(packed[quad * quadSize + offset + 1])
        }
        body(sum, first..<last, offset)
      }
    }
  }

  private mutating func halve(_ overflows: Overflows, width: Int) {
    let quadSize = width * 4
    let quads = overflows.quads.sorted()
    extraQuads = quads.map(UInt32.init)
    extraWeights = [Int8](repeating: 0, count: quads.count * 64)
    let places = Dictionary(uniqueKeysWithValues: quads.enumerated().map { ($1, $0) })
    for pair in overflows.pairs {
      guard let place = places[pair / quadSize] else { continue }
      for offset in [pair, pair + 1] {
        let half = weights[offset] / 2
        weights[offset] -= half
        extraWeights[place * 64 + offset % quadSize] = half
      }
    }
  }
}
