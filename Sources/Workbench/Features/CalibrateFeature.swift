/// The Calibrate tab: the data, the run, and the tensors a person watches.
package struct CalibrateFeature: Equatable, Sendable {
  package enum Phase: Equatable, Sendable { case ready, running, paused, done, failed(String) }

  package var phase = Phase.ready
  /// What a person asked for, read or not; empty is random data.
  package var requestedPath: String?
  package var data: DataSummary?
  package var preprocessing = ""
  package var batchSize = 1
  package var limit: Int?
  /// Inputs that take what the step before gave, as `state=stateN`.
  package var states: [String] = []
  /// What a session said of members and their order; forgotten with its data.
  package var mapping: [String: String] = [:]
  package var labels: String?
  package var seed: UInt64?
  package var progress: CalibrationProgressSummary?
  package var summary: CalibrationSummary?
  /// Edges that are drawn live; the first is the large one.
  package var watched: [String] = []
  package var cursor = ListCursor()

  package init() {}

  package var isRunning: Bool { phase == .running || phase == .paused }
}
