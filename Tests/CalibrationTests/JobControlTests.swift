import Calibration
import Foundation
import Synchronization
import Testing

@Suite struct JobControlTests {
  @Test func aCancelledJobThrowsAtItsNextCheckpoint() throws {
    let control = JobControl()
    try control.checkpoint()
    control.cancel()
    #expect(throws: JobCancelled()) { try control.checkpoint() }
    #expect(throws: JobCancelled()) { try control.checkCancellation() }
    #expect(control.isCancelled)
  }

  @Test func cancellingWinsOverPausing() {
    let control = JobControl()
    control.pause()
    control.cancel()
    #expect(throws: JobCancelled()) { try control.checkpoint() }
  }

  @Test func aStepLetsOneCheckpointPass() throws {
    let control = JobControl()
    control.step()
    #expect(control.isPaused)
    try control.checkpoint()
    // The second one would wait: another thread lets it go on.
    let waits = Mutex(0)
    try control.checkpoint {
      waits.withLock { $0 += 1 }
      control.resume()
    }
    #expect(waits.withLock { $0 } == 1)
    #expect(!control.isPaused)
  }

  @Test func anotherThreadCanResume() throws {
    let control = JobControl()
    control.pause()
    try control.checkpoint {
      Thread.detachNewThread { control.resume() }
    }
    #expect(!control.isPaused)
  }

  @Test func watchedEdgesCanChangeAtAnyTime() {
    let control = JobControl()
    control.watched = ["a"]
    control.watched.insert("b")
    #expect(control.watched == ["a", "b"])
  }
}
