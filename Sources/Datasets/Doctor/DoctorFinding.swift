/// Something the input doctor wants a person to know.
package struct DoctorFinding: Codable, Hashable, Sendable, CustomStringConvertible {
  package enum Severity: String, Codable, Comparable, Sendable {
    /// Good to know.
    case note
    /// The result will probably be worse than it need be.
    case warning
    /// The data cannot be used like this, or the result will mean nothing.
    case error

    package static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
    private var rank: Int {
      switch self {
      case .note: 0
      case .warning: 1
      case .error: 2
      }
    }
  }

  package let severity: Severity
  /// One or two sentences.
  package let what: String
  /// An input, a member or the whole data.
  package let place: String
  /// What would help, as a sentence; empty when nothing needs to be done.
  package let whatToDo: String

  package init(severity: Severity, what: String, place: String, whatToDo: String) {
    self.severity = severity
    self.what = what
    self.place = place
    self.whatToDo = whatToDo
  }

  package var description: String {
    "\(severity.rawValue): \(place): \(what)" + (whatToDo.isEmpty ? "" : " \(whatToDo)")
  }
}
