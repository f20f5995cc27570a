package import Sessions

/// The Log tab: jobs, warnings, and the headless command that does each action again.
package struct LogFeature: Equatable, Sendable {
  /// Older lines are dropped beyond this many.
  package static let capacity = 500

  package private(set) var entries: [LogEntry] = []
  package var cursor = ListCursor()

  package init(entries: [LogEntry] = []) { self.entries = entries }

  package mutating func append(_ kind: LogEntry.Kind, _ text: String) {
    entries.append(LogEntry(kind, text))
    if entries.count > Self.capacity { entries.removeFirst(entries.count - Self.capacity) }
  }
}
