/// Lets at most 20 reports a second pass.
struct ProgressGate {
  private static let interval = Duration.milliseconds(50)
  private let start: ContinuousClock.Instant
  private var last: ContinuousClock.Instant?

  init() { start = ContinuousClock.now }

  var elapsed: Duration { ContinuousClock.now - start }

  /// Whether enough time has gone by since the last report; `isFinal` always passes.
  mutating func opens(isFinal: Bool = false) -> Bool {
    let now = ContinuousClock.now
    if !isFinal, let last, now - last < Self.interval { return false }
    last = now
    return true
  }
}

extension Duration {
  /// In seconds.
  package var seconds: Double {
    let parts = components
    return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
  }
}
