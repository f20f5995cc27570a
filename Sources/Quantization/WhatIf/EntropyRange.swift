import Foundation

/// The range with the least Kullback–Leibler divergence between the values and their codes.
///
/// As TensorRT's calibrator: a threshold keeps the first bins of the absolute histogram, what lies
/// beyond joins the last bin kept (distribution P), and the bins kept are merged into as many levels
/// as there are codes for them, each spread evenly over its bins with values (distribution Q).
/// Exact zeros are left out: zero keeps its code under any threshold.
///
/// With prefix sums a threshold costs one logarithm per level. Every eighth threshold is tried, then
/// all around the best.
struct EntropyRange {
  private let statistics: TensorStatistics
  private let symmetry: Symmetry
  private let levels: Int
  private let counts: [Double]
  /// Sums over bins before each index.
  private let countSums: [Double]
  private let occupiedSums: [Int]
  private let entropySums: [Double]
  /// One past the last bin with values.
  private let end: Int

  init(_ statistics: TensorStatistics, symmetry: Symmetry, codes: Int) {
    self.statistics = statistics
    self.symmetry = symmetry
    // Codes for both signs are shared between them, unless an affine map needs one sign only.
    let isOneSided = statistics.signed.minimum >= 0 || statistics.signed.maximum <= 0
    levels = symmetry == .affine && isOneSided ? codes : codes / 2
    var counts = statistics.absolute.counts.map { Double($0) }
    counts[0] = max(counts[0] - Double(statistics.zeroCount), 0)
    self.counts = counts
    var countSums = [0.0]
    var occupiedSums = [0]
    var entropySums = [0.0]
    var end = 0
    for (bin, count) in counts.enumerated() {
      countSums.append(countSums[bin] + count)
      occupiedSums.append(occupiedSums[bin] + (count > 0 ? 1 : 0))
      entropySums.append(entropySums[bin] + (count > 0 ? count * log(count) : 0))
      if count > 0 { end = bin + 1 }
    }
    self.countSums = countSums
    self.occupiedSums = occupiedSums
    self.entropySums = entropySums
    self.end = end
  }

  func range() -> ClosedRange<Float> {
    let choice = ThresholdChoice(statistics, symmetry: symmetry)
    guard end > levels else { return choice.range(threshold: Double(choice.largest)) }
    let coarse = best(of: Array(stride(from: levels, through: end, by: 8)) + [end])
    let fine = best(of: Array(max(coarse - 7, levels)...min(coarse + 7, end)))
    return choice.range(threshold: Double(fine) * statistics.absolute.binWidth)
  }

  private func best(of candidates: [Int]) -> Int {
    var bestBins = end
    var least = Double.infinity
    for candidate in candidates {
      let divergence = divergence(keeping: candidate)
      if divergence < least {
        least = divergence
        bestBins = candidate
      }
    }
    return bestBins
  }

  /// KL(P || Q) when the first `bins` bins are kept.
  private func divergence(keeping bins: Int) -> Double {
    let total = countSums[end]
    let kept = countSums[bins]
    guard kept > 0 else { return .infinity }
    let outliers = total - kept
    let last = counts[bins - 1]
    // Sum of p * log p over bins, with the outliers in the last one.
    var sum = entropySums[bins]
    sum -= last > 0 ? last * log(last) : 0
    sum += last + outliers > 0 ? (last + outliers) * log(last + outliers) : 0
    var begin = 0
    for level in 1...levels {
      let next = level * bins / levels
      let values = countSums[next] - countSums[begin]
      let target = values + (next == bins ? outliers : 0)
      if target > 0 {
        let occupied = max(occupiedSums[next] - occupiedSums[begin], 1)
        // A level that holds outliers only has no probability in Q; a small one stands for it.
        let spread = max(values / Double(occupied), 1e-4)
        sum -= target * log(spread)
      }
      begin = next
    }
    return sum / total + log(kept / total)
  }
}
