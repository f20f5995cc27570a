import Synchronization
import Testing

/// Marks a suite that runs every case of a family: prints how many it ran, and fails when it ran none.
struct GoldenFamily: SuiteTrait, TestScoping {
  let name: String

  private static let tally = Mutex<[String: Int]>([:])

  /// Counts a case.
  static func ran(_ golden: GoldenSet.Case) {
    tally.withLock { $0[golden.family, default: 0] += 1 }
  }

  func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @Sendable () async throws -> Void
  ) async throws {
    try await function()
    let count = Self.tally.withLock { $0[name] ?? 0 }
    print("golden \(name): \(count) cases")
    if count == 0 {
      Issue.record("no case of the golden family '\(name)' was run in \(GoldenSet.current.root)")
    }
  }
}

extension Trait where Self == GoldenFamily {
  static func golden(_ family: String) -> GoldenFamily { GoldenFamily(name: family) }
}

/// A case of a kind that no test knows: the set is newer than the tests.
func recordUnknownKind(_ golden: GoldenSet.Case) {
  Issue.record("\(golden.id): unknown kind '\(golden.kind)' in family '\(golden.family)'")
}
