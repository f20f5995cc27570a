internal import CKernels

/// The steps of a panel in runs of 8, 4, 2 and 1 whose 16-bit sums fit together.
///
/// Runs are made by pairing: each unit, the heaviest first, takes the lightest that fits with it,
/// and pairs are paired again. All columns of a panel share the codes, so every one has to fit.
struct QuadRuns {
  /// Steps in the order in which runs follow each other, the longest first.
  let order: [Int]
  let counts: kern_quad_runs

  /// Light units that a heavy one is tried with.
  private static let mostTries = 24

  /// - `weights`: `[step][width][4]`; the pairs of each step fit `bound`.
  init(weights: [Int8], width: Int, bound: PairBound) {
    let quadSize = width * 4
    var units = (0..<weights.count / max(quadSize, 1)).map { step in
      Unit(step: step, weights: weights[step * quadSize..<(step + 1) * quadSize])
    }
    let fit = RunFit(limit: bound.limit)
    var left: [[Unit]] = []
    for _ in 0..<3 {
      let paired = Self.paired(units, fit: fit)
      left.append(paired.left)
      units = paired.pairs
    }
    left.append(units)
    order = left.reversed().flatMap { $0.flatMap(\.steps) }
    counts = kern_quad_runs(
      eights: UInt32(left[3].count), fours: UInt32(left[2].count), twos: UInt32(left[1].count),
      ones: UInt32(left[0].count), is_centred: false)
  }

  private static func paired(_ units: [Unit], fit: RunFit) -> (pairs: [Unit], left: [Unit]) {
    let sorted = units.sorted { $0.weight > $1.weight }
    var isTaken = [Bool](repeating: false, count: sorted.count)
    /// The next lighter-to-heavier neighbour that may still be free.
    var heavier = Array(-1..<max(sorted.count - 1, 0))
    var lightest = sorted.count - 1
    var pairs: [Unit] = []
    var left: [Unit] = []
    for heavy in sorted.indices where !isTaken[heavy] {
      isTaken[heavy] = true
      while lightest > heavy, isTaken[lightest] { lightest = heavier[lightest] }
      var previous = -1
      var light = lightest
      var tries = 0
      var found = false
      while light > heavy, tries < mostTries {
        if isTaken[light] {
          let next = heavier[light]
          if previous >= 0 { heavier[previous] = next }
          light = next
          continue
        }
        if fit.holds(sorted[heavy].sums, sorted[light].sums) {
          isTaken[light] = true
          pairs.append(sorted[heavy].joined(sorted[light]))
          found = true
          break
        }
        tries += 1
        previous = light
        light = heavier[light]
      }
      if !found { left.append(sorted[heavy]) }
    }
    return (pairs, left)
  }
}

/// Some steps, and the weights of their 16-bit sums by sign.
private struct Unit {
  let steps: [Int]
  /// Of each pair of weights: the sum of positive ones, then of negative ones.
  let sums: SIMD64<UInt16>
  let weight: Int

  init(step: Int, weights: ArraySlice<Int8>) {
    steps = [step]
    var sums = SIMD64<UInt16>()
    var weight = 0
    var lane = 0
    for pair in stride(from: weights.startIndex, to: weights.endIndex, by: 2) {
      var sum = WeightSum()
      sum.add(weights[pair])
      sum.add(weights[pair + 1])
      sums[lane] = UInt16(sum.positive)
      sums[lane + 1] = UInt16(sum.negative)
      lane += 2
      weight += sum.positive + sum.negative
    }
    self.sums = sums
    self.weight = weight
  }

  private init(steps: [Int], sums: SIMD64<UInt16>, weight: Int) {
    self.steps = steps
    self.sums = sums
    self.weight = weight
  }

  func joined(_ other: Unit) -> Unit {
    Unit(steps: steps + other.steps, sums: sums &+ other.sums, weight: weight + other.weight)
  }
}

/// Whether the weights of two units fit into one 16-bit sum, all columns at once.
private struct RunFit {
  /// Lifts a sum above the limit to one with its highest bit set.
  private let lift: SIMD64<UInt16>

  init(limit: Int) { lift = SIMD64(repeating: UInt16(Int(Int16.max) - limit)) }

  func holds(_ one: SIMD64<UInt16>, _ other: SIMD64<UInt16>) -> Bool {
    let lifted = one &+ other &+ lift
    let half = lifted.lowHalf | lifted.highHalf
    let quarter = half.lowHalf | half.highHalf
    let eighth = quarter.lowHalf | quarter.highHalf
    let words = unsafeBitCast(eighth, to: SIMD2<UInt64>.self)
    return (words[0] | words[1]) & 0x8000_8000_8000_8000 == 0
  }
}

extension kern_quad_runs {
  /// Time of a step with codes less 128, in steps of one quad; measured.
  static let centredStepCost = 1.6

  init(ones: UInt32) { self.init(eights: 0, fours: 0, twos: 0, ones: ones, is_centred: false) }

  /// Time of all steps for one row, in steps of one quad. A step costs less in longer runs;
  /// measured.
  var cost: Double {
    Double(ones) + 2 * 0.82 * Double(twos) + 4 * 0.73 * Double(fours) + 8 * 0.69 * Double(eights)
  }
}
