import Calibration
import Foundation

/// What one measurement gave, beside what it may cost.
struct Finding: Encodable {
  enum Unit: String, Encodable {
    case milliseconds = "ms"
    case ratio = "×"
    case megabytes = "MB"
  }

  let name: String
  let unit: Unit
  let minimum, median, worst: Double
  /// What gave the worst value.
  let worstCase: String
  let count: Int
  /// Which value has to stay below ``limit``.
  let limited: Double
  let limit: Double?
  /// How many samples are not below ``limit``.
  let countOver: Int

  var holds: Bool { limit.map { limited < $0 } ?? true }

  enum Judged { case median, worst }

  /// - Precondition: `samples` is not empty.
  init(
    _ name: String, _ unit: Unit, _ samples: [Sample], limit: Double? = nil,
    judging judged: Judged = .worst
  ) {
    let quantiles = Quantiles(samples.map(\.value))
    let last = samples.max { $0.value < $1.value }
    self.name = name
    self.unit = unit
    minimum = quantiles.minimum
    median = quantiles.median
    worst = quantiles.at(1)
    worstCase = last?.subject ?? ""
    count = samples.count
    limited = judged == .worst ? worst : median
    self.limit = limit
    countOver = limit.map { limit in samples.count { $0.value >= limit } } ?? 0
  }
}

/// One measured value and what it was measured on.
struct Sample {
  let subject: String
  var value: Double
}

/// Measures the same subjects in several rounds and keeps the least of each, because what other
/// programs do at the same time only ever adds.
func bestOf(_ rounds: Int, _ round: () throws -> [Sample]) rethrows -> [Sample] {
  var best = try round()
  for _ in 1..<max(rounds, 1) {
    for (index, sample) in try round().enumerated() {
      best[index].value = min(best[index].value, sample.value)
    }
  }
  return best
}

/// Milliseconds that `body` takes.
func milliseconds(_ body: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try body()
  return (ContinuousClock.now - start).seconds * 1e3
}

/// Milliseconds that this process has computed, whatever else the host had to do meanwhile.
func processorMilliseconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
  return Double(now.tv_sec) * 1e3 + Double(now.tv_nsec) * 1e-6
}
