import Quantization
import Synchronization

/// What the queues share: the workspace, and the analysis with its memory of choices.
final class SharedWork: Sendable {
  private let held = Mutex<Workspace?>(nil)
  private let analysed = Mutex<Analysis?>(nil)
  /// The latest generation somebody asked to evaluate.
  let newest = Mutex(0)
  /// Counts requests for a layer's detail.
  let detailTicket = Mutex(0)

  func workspace() -> Workspace? { held.withLock { $0 } }

  /// A copy, so that a job does not hold up what-if.
  func analysis() -> Analysis? { analysed.withLock { $0 } }

  /// Takes `workspace` with its statistics; choices made from older ones are forgotten.
  func replace(_ workspace: Workspace) {
    held.withLock { $0 = workspace }
    analysed.withLock {
      $0 = Analysis(layers: workspace.project.layers, statistics: workspace.statistics)
    }
  }

  func update<Failure: Error>(
    _ change: (inout Workspace) throws(Failure) -> Void
  ) throws(Failure) {
    try held.withLock { (workspace) throws(Failure) -> Void in
      guard var changed = workspace else { return }
      try change(&changed)
      workspace = changed
    }
  }

  func withAnalysis<Answer: Sendable>(_ body: (inout Analysis) -> Answer) -> Answer? {
    analysed.withLock { analysis in
      guard var working = analysis else { return nil }
      // Taken out, so that the cache is changed in place and not copied.
      analysis = nil
      let answer = body(&working)
      analysis = working
      return answer
    }
  }
}
