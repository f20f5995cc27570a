import Quantization
import Sessions
import Synchronization
import Training

/// What the queues share: the workspace, and the analysis with its memory of choices.
final class SharedWork: Sendable {
  private let held = Mutex<Workspace?>(nil)
  private let analysed = Mutex<Analysis?>(nil)
  /// What was learnt under each of the weights that were in force, by digest; "" for the file's own.
  private let byWeights = Mutex<[String: Workspace]>([:])
  /// What a training left that waits to be kept.
  let trained = Mutex<TrainedModel?>(nil)
  /// Folders with weights that no saved session needs once octet ends in peace.
  let weightFolders = Mutex<Set<String>>([])
  /// The latest generation somebody asked to evaluate.
  let newest = Mutex(0)
  /// Counts requests for a layer's detail.
  let detailTicket = Mutex(0)

  func workspace() -> Workspace? { held.withLock { $0 } }

  /// The one with these trained weights; undoing may have asked for others just now.
  func workspace(withWeights digest: String?) -> Workspace? {
    let present = workspace()
    if present?.weights?.sha256 == digest { return present }
    return byWeights.withLock { $0[digest ?? ""] } ?? present
  }

  /// A copy, so that a job does not hold up what-if.
  func analysis() -> Analysis? { analysed.withLock { $0 } }

  /// Takes `workspace` with its statistics; choices made from older ones are forgotten.
  func replace(_ workspace: Workspace) {
    held.withLock { present in
      var workspace = workspace
      // May have been set since `workspace` was copied or put aside.
      if let threads = present?.project.options.threads {
        workspace.project.options.threads = threads
      }
      present = workspace
    }
    analysed.withLock {
      $0 = Analysis(layers: workspace.project.layers, statistics: workspace.statistics)
    }
  }

  /// Takes `workspace`, with other weights than the one before, which stays at hand.
  func exchange(for workspace: Workspace) {
    let before = self.workspace()
    byWeights.withLock { known in
      if let before { known[before.weights?.sha256 ?? ""] = before }
      known[workspace.weights?.sha256 ?? ""] = workspace
    }
    replace(workspace)
  }

  /// Goes back to weights that were in force before.
  /// - Returns: `nil` where they never were.
  func exchange(forWeights digest: String?) -> Workspace? {
    guard let workspace = byWeights.withLock({ $0[digest ?? ""] }) else { return nil }
    exchange(for: workspace)
    return self.workspace()
  }

  func forgetWeights() {
    byWeights.withLock { $0 = [:] }
    trained.withLock { $0 = nil }
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
