import Foundation

/// Pauses, steps and cancels a job from another thread.
///
/// `@unchecked`: every stored variable is read and written with `condition` locked only.
package final class JobControl: @unchecked Sendable {
  private let condition = NSCondition()
  private var paused = false
  private var cancelled = false
  private var ending = false
  private var steps = 0
  private var watchedNames: Set<String> = []

  package init() {}

  package var isPaused: Bool { locked { paused } }
  package var isCancelled: Bool { locked { cancelled } }
  /// Whether the job is to end early with what it has, where it can.
  package var isEnding: Bool { locked { ending } }

  /// Edges whose statistics go along with every progress report; may change while a job runs.
  package var watched: Set<String> {
    get { locked { watchedNames } }
    set { locked { watchedNames = newValue } }
  }

  package func pause() { changed { paused = true } }

  package func resume() {
    changed {
      paused = false
      steps = 0
    }
  }

  /// Lets one batch pass, then pauses.
  package func step() {
    changed {
      paused = true
      steps += 1
    }
  }

  package func cancel() { changed { cancelled = true } }

  /// Asks for an early end with a result; a paused job goes on to it.
  package func end() { changed { ending = true } }

  /// Waits while paused.
  /// - Parameter paused: called once when there is something to wait for.
  package func checkpoint(whenPaused paused: () -> Void = {}) throws(JobCancelled) {
    if locked({ self.paused && steps == 0 && !cancelled && !ending }) { paused() }
    let mayPass = locked {
      while self.paused, steps == 0, !cancelled, !ending { condition.wait() }
      if steps > 0 { steps -= 1 }
      return !cancelled
    }
    if !mayPass { throw JobCancelled() }
  }

  /// Throws when cancelled; never waits.
  package func checkCancellation() throws(JobCancelled) {
    if isCancelled { throw JobCancelled() }
  }

  private func changed(_ change: () -> Void) {
    locked {
      change()
      condition.broadcast()
    }
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    condition.lock()
    defer { condition.unlock() }
    return body()
  }
}

/// The person stopped a job.
package struct JobCancelled: Error, Equatable, CustomStringConvertible {
  package init() {}
  package var description: String { "cancelled" }
}
