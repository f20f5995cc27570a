import Dispatch
import Synchronization

/// Work on a thread of its own, while this one goes on to where its result is wanted.
package final class SideWork<Value: Sendable>: Sendable {
  private let group = DispatchGroup()
  private let result = Mutex<Result<Value, any Error>?>(nil)

  package init(_ work: @escaping @Sendable () throws -> Value) {
    DispatchQueue.global(qos: .userInitiated).async(group: group) {
      let found = Result { try work() }
      self.result.withLock { $0 = found }
    }
  }

  /// Waits for the work, and throws what it threw.
  package func value() throws -> Value {
    group.wait()
    guard let found = result.withLock({ $0 }) else {
      preconditionFailure("work that ended without a result")
    }
    return try found.get()
  }
}
