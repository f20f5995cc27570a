internal import CKernels

/// One panel, with the faster of the two ways to step through it.
struct PackedPanel {
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
    var packed = Self.packed(rows: rows, columns: columns, depth: depth, width: width)
    guard bound.limit < Int(Int16.max) else {
      weights = packed
      step = quads >= 2 ? 2 : 1
      cost = Double(quads) * (quads >= 2 ? Self.doubleStepCost : 1)
      return
    }
    let single = Self.overflows(packed, width: width, step: 1, bound: bound)
    let double = Self.overflows(packed, width: width, step: 2, bound: bound)
    // A sum of four halves holds 256; a single sum of two halves, 128, fits any input.
    let canHalve = bound.limit >= 256 || double.quads.isEmpty
    let singleCost = Double(quads + single.quads.count)
    let doubleCost = Double(quads) * Self.doubleStepCost + Double(double.quads.count)
    let isDouble = quads >= 2 && canHalve && doubleCost < singleCost
    let centredCost = Double(quads) * Self.centredStepCost
    if centredCost < min(singleCost, doubleCost), !packed.contains(.min) {
      weights = packed
      step = 0
      cost = centredCost
      return
    }
    step = isDouble ? 2 : 1
    cost = isDouble ? doubleCost : singleCost
    Self.halve(
      isDouble ? double : single, width: width, &packed, quads: &extraQuads, &extraWeights)
    weights = packed
  }

  private static func packed(
    rows: [Int8], columns: Range<Int>, depth: Int, width: Int
  ) -> [Int8] {
    let quads = (depth + 3) / 4
    var packed = [Int8](repeating: 0, count: quads * width * 4)
    packed.withUnsafeMutableBytes { packed in
      rows.withUnsafeBytes { rows in
        for (lane, column) in columns.enumerated() {
          let row = column * depth
          for quad in 0..<depth / 4 {
            packed.storeBytes(
              of: rows.loadUnaligned(fromByteOffset: row + 4 * quad, as: UInt32.self),
              toByteOffset: (quad * width + lane) * 4, as: UInt32.self)
          }
          for k in depth / 4 * 4..<depth {
            packed[((k / 4) * width + lane) * 4 + k % 4] = rows[row + k]
          }
        }
      }
    }
    return packed
  }

  /// Pairs of weights, and the quads they are in, whose sums `bound` does not hold.
  private struct Overflows {
    /// Offsets of the first weight of each pair.
    var pairs: [Int] = []
    /// Rising.
    var quads: [Int] = []
  }

  private static func overflows(_ packed: [Int8], width: Int, step: Int, bound: PairBound)
    -> Overflows
  {
    var found = Overflows()
    guard bound.limit < step * PairBound.largestPair else { return found }
    let quadSize = width * 4
    let quads = packed.count / quadSize
    for (index, largest) in sums(packed, width: width, step: step).enumerated()
    where Int(largest) > bound.limit {
      let range = index * step..<min((index + 1) * step, quads)
      found.quads += range
      for offset in stride(from: 0, to: quadSize, by: 2) {
        var sum = WeightSum()
        for quad in range {
          sum.add(packed[quad * quadSize + offset])
          sum.add(packed[quad * quadSize + offset + 1])
        }
        if !bound.holds(sum) { found.pairs += range.map { $0 * quadSize + offset } }
      }
    }
    return found
  }

  /// The largest sum of weights of one sign that the kernel adds up in 16 bits.
  var largestSum: Int {
    let own = Self.sums(weights, width: columnWidth, step: Int(step)).max() ?? 0
    // A quad of extras has room for 16 columns.
    let extra = Self.sums(extraWeights, width: Int8Panels.width, step: 1).max() ?? 0
    return Int(max(own, extra))
  }

  /// The largest sum of one sign in each step.
  private static func sums(_ packed: [Int8], width: Int, step: Int) -> [UInt16] {
    let quads = packed.count / (width * 4)
    return [UInt16](unsafeUninitializedCapacity: (quads + step - 1) / step) { largest, count in
      packed.withUnsafeBufferPointer { packed in
        guard let weights = packed.baseAddress, let first = largest.baseAddress else { return }
        kern_largest_pair_sums(weights, 2 * width, quads, step, first)
      }
      count = (quads + step - 1) / step
    }
  }

  private static func halve(
    _ overflows: Overflows, width: Int, _ weights: inout [Int8], quads extraQuads: inout [UInt32],
    _ extraWeights: inout [Int8]
  ) {
    let quadSize = width * 4
    extraQuads = overflows.quads.map(UInt32.init)
    extraWeights = [Int8](repeating: 0, count: overflows.quads.count * 64)
    let places = Dictionary(
      uniqueKeysWithValues: overflows.quads.enumerated().map { ($1, $0) })
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
