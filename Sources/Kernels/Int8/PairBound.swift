internal import CKernels

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
