internal import CKernels

/// How much weight fits into one 16-bit sum.
struct PairBound: Sendable {
  /// The largest sum of weights of one sign that no input lifts beyond 16 bits.
  let limit: Int

  /// Holds any sum of weights.
  static let unlimited = PairBound(limit: .max)

  /// What two weights sum up to at most.
  private static let largestPair = 256

  /// Whether some pair of weights can be too much.
  var isTight: Bool { limit < Self.largestPair }

  private init(limit: Int) { self.limit = limit }

  init(inputMaximum: UInt8) { limit = Int(Int16.max) / max(Int(inputMaximum), 1) }

  func holds(_ sum: WeightSum) -> Bool { sum.positive <= limit && sum.negative <= limit }

  /// Pairs of neighbours in depth that are not held, of weights `[columns, depth]`.
  func riskyPairs(rows: [Int8], columns: Int, depth: Int) -> [kern_risky_pair] {
    guard isTight else { return [] }
    var pairs: [kern_risky_pair] = []
    rows.withUnsafeBufferPointer { rows in
      guard let base = rows.baseAddress else { return }
      for column in 0..<columns {
        let row = base + column * depth
        var place = kern_next_pair_beyond(row, depth, 0, Int32(limit))
        while place < depth {
          pairs.append(
            kern_risky_pair(
              column: UInt32(column), depth: UInt32(place), first: Int16(row[place]),
              second: place + 1 < depth ? Int16(row[place + 1]) : 0))
          place = kern_next_pair_beyond(row, depth, place + 2, Int32(limit))
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
