import Foundation

/// The range with the least Kullback–Leibler divergence between the values and their codes.
///
/// As TensorRT's calibrator: a threshold keeps the first bins of the absolute histogram, what lies
/// beyond joins the last bin kept (distribution P), and the bins kept are merged into as many levels
/// as there are codes for them, each spread evenly over its bins with values (distribution Q).
/// Exact zeros are left out: zero keeps its code under any threshold.
///
/// With prefix sums a threshold costs one logarithm per level, and for the few values of a weight's
/// channel those of small numbers are known. Every sixteenth threshold is tried, then
/// every fourth around the best, then all around the best of those.
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
    let coarse = best(of: Array(stride(from: levels, through: end, by: 16)) + [end])
    let medium = best(
      of: Array(stride(from: max(coarse - 16, levels), through: coarse, by: 4))
        + Array(stride(from: coarse + 4, through: min(coarse + 16, end), by: 4)))
    let fine = best(of: Array(max(medium - 3, levels)...min(medium + 3, end)))
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
    countSums.withUnsafeBufferPointer { countSums in
      occupiedSums.withUnsafeBufferPointer { occupiedSums in
        Self.smallLogs.withUnsafeBufferPointer { logs in
          var begin = 0
          // Level n ends at bin n * bins / levels, rounded down.
          var end = (bin: 0, rest: 0)
          let step = bins.quotientAndRemainder(dividingBy: levels)
          for _ in 0..<levels {
            end.bin += step.quotient
            end.rest += step.remainder
            if end.rest >= levels {
              end.rest -= levels
              end.bin += 1
            }
            let values = countSums[end.bin] - countSums[begin]
            let target = values + (end.bin == bins ? outliers : 0)
            if target > 0 {
              let occupied = max(occupiedSums[end.bin] - occupiedSums[begin], 1)
              // A level that holds outliers only has no probability in Q; a small one stands for it.
              let logSpread =
                values > 0
                ? logs.logarithm(of: values) - logs.logarithm(of: Double(occupied))
                : Self.leastLogSpread
              sum -= target * max(logSpread, Self.leastLogSpread)
            }
            begin = end.bin
          }
        }
      }
    }
    return sum / total + log(kept / total)
  }

  private static let leastLogSpread = log(1e-4)
  private static let smallLogs = [0] + (1..<4096).map { log(Double($0)) }
}

extension UnsafeBufferPointer<Double> {
  /// The natural logarithm of a count; those of small whole numbers lie here.
  @inline(__always)
  fileprivate func logarithm(of number: Double) -> Double {
    let whole = Int(number)
    return whole < count && Double(whole) == number ? self[whole] : log(number)
  }
}
