import Foundation

/// The divergence of two histograms as ONNX Runtime measures it: both smoothed, normalised, float32.
package enum KullbackLeibler {
  /// What an empty bin counts after smoothing.
  private static let floor = 0.0001

  /// The counts with 1e-4 in every empty bin, taken evenly from the others; `nil` when all are empty
  /// or too few are occupied to give that much.
  package static func smoothed(_ counts: [Int]) -> [Float]? {
    let empty = counts.count { $0 == 0 }
    let occupied = counts.count - empty
    guard occupied > 0 else { return nil }
    let share = floor * Double(empty) / Double(occupied)
    let given = Float(floor)
    let taken = Float(-share)
    let result = counts.map { Float($0) + ($0 == 0 ? given : taken) }
    return share < 1 && result.allSatisfy { $0 > 0 } ? result : nil
  }

  /// `sum(p * log(p / q))` after both are divided by their sums; infinite where one has no smoothed
  /// form.
  ///
  /// - Precondition: both have the same number of bins.
  package static func divergence(_ p: [Int], from q: [Int]) -> Float {
    precondition(p.count == q.count, "\(p.count) bins against \(q.count)")
    guard let p = smoothed(p), let q = smoothed(q) else { return .infinity }
    let pSum = pairwiseSum(p)
    let qSum = pairwiseSum(q)
    return pairwiseSum(zip(p, q).map { relativeEntropy($0 / pSum, $1 / qSum) })
  }

  /// `p * log(p / q)`, computed in double; close numbers through `log1p`.
  private static func relativeEntropy(_ p: Float, _ q: Float) -> Float {
    let (p, q) = (Double(p), Double(q))
    guard p > 0, q > 0 else { return p == 0 && q >= 0 ? 0 : .infinity }
    let ratio = p / q
    return Float(ratio > 0.5 && ratio < 2 ? p * log1p((p - q) / q) : p * log(ratio))
  }
}
