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
    var sums = RunSums(weights: weights, width: width, limit: bound.limit)
    var units = sums.weights.indices.map { Unit(first: $0, steps: [$0]) }
    var left: [[Unit]] = []
    for _ in 0..<3 {
      let paired = Self.paired(units, &sums)
      left.append(paired.left)
      units = paired.pairs
    }
    left.append(units)
    order = left.reversed().flatMap { $0.flatMap(\.steps) }
    counts = kern_quad_runs(
      eights: UInt32(left[3].count), fours: UInt32(left[2].count), twos: UInt32(left[1].count),
      ones: UInt32(left[0].count), is_centred: false)
  }

  private static func paired(
    _ units: [Unit], _ sums: inout RunSums
  ) -> (pairs: [Unit], left: [Unit]) {
    let sorted = units.sorted { sums.weights[$0.first] > sums.weights[$1.first] }
    var isTaken = [Bool](repeating: false, count: sorted.count)
    /// For each unit, one that is heavier, with none between them that is free.
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
      var partner: Int?
      while light > heavy, tries < mostTries {
        if isTaken[light] {
          if previous >= 0 { heavier[previous] = heavier[light] }
          light = heavier[light]
          continue
        }
        if sums.fit(sorted[heavy].first, sorted[light].first) {
          partner = light
          break
        }
        tries += 1
        previous = light
        light = heavier[light]
      }
      guard let partner else {
        left.append(sorted[heavy])
        continue
      }
      isTaken[partner] = true
      sums.add(sorted[partner].first, to: sorted[heavy].first)
      pairs.append(
        Unit(first: sorted[heavy].first, steps: sorted[heavy].steps + sorted[partner].steps))
    }
    return (pairs, left)
  }
}

/// Some steps; their sums stand where those of the first were.
private struct Unit {
  let first: Int
  let steps: [Int]
}

/// The weights of each step's 16-bit sums by sign, four sums to a word.
private struct RunSums {
  /// Of all weights of a step, their sizes together.
  private(set) var weights: [Int]
  /// Of each pair of weights: the sum of positive ones, then of negative ones.
  private var words: [UInt64]
  private let wordsPerStep: Int
  /// Lifts sums above the limit to ones with their highest bit set.
  private let lift: UInt64

  init(weights: [Int8], width: Int, limit: Int) {
    wordsPerStep = width
    lift = UInt64(Int(Int16.max) - limit) &* 0x0001_0001_0001_0001
    let steps = weights.count / (width * 4)
    var weightOfStep = [Int](repeating: 0, count: steps)
    words = [UInt64](unsafeUninitializedCapacity: steps * width) { words, count in
      UnsafeMutableRawBufferPointer(words).withMemoryRebound(to: UInt16.self) { sums in
        weights.withUnsafeBufferPointer { weights in
          guard let weights = weights.baseAddress, let sums = sums.baseAddress else { return }
          for step in 0..<steps {
            let first = step * width * 4
            weightOfStep[step] = Int(kern_pair_sums(weights + first, width * 2, sums + first))
          }
        }
      }
      count = steps * width
    }
    self.weights = weightOfStep
  }

  /// Whether the sums of both fit into 16 bits together, in all columns.
  func fit(_ one: Int, _ other: Int) -> Bool {
    words.withUnsafeBufferPointer { words in
      let (one, other) = (one * wordsPerStep, other * wordsPerStep)
      var over: UInt64 = 0
      for word in 0..<wordsPerStep {
        over |= words[one &+ word] &+ words[other &+ word] &+ lift
      }
      return over & 0x8000_8000_8000_8000 == 0
    }
  }

  mutating func add(_ other: Int, to one: Int) {
    for word in 0..<wordsPerStep {
      words[one * wordsPerStep + word] += words[other * wordsPerStep + word]
    }
    weights[one] += weights[other]
  }
}

extension kern_quad_runs {
  /// Time of a step with codes less 128, in steps of one quad; measured.
  static let centredStepCost = 1.6

  /// Time of all steps for one row, in steps of one quad. A step costs less in longer runs;
  /// measured.
  var cost: Double {
    Double(ones) + 2 * 0.82 * Double(twos) + 4 * 0.73 * Double(fours) + 8 * 0.69 * Double(eights)
  }
}
