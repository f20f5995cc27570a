/// How long each step of a plan took, over several runs.
package struct Profile: Sendable {
  package let plan: Plan
  /// One per run, from first step to last.
  package let totals: [Duration]
  /// By step, then by run.
  package let stepDurations: [[Duration]]

  package var medianTotal: Duration { Self.median(totals) }
  package var minimumTotal: Duration { totals.min() ?? .zero }
  package func median(step: Int) -> Duration { Self.median(stepDurations[step]) }
  package func minimum(step: Int) -> Duration { stepDurations[step].min() ?? .zero }

  /// The middle of the sorted durations, the mean of both for an even count.
  static func median(_ durations: [Duration]) -> Duration {
    guard !durations.isEmpty else { return .zero }
    let sorted = durations.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
