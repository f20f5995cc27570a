/// Changes for some layers or one tensor, and why they were made.
package struct Rule: Hashable, Codable, Sendable {
  package var scope: RuleScope
  package var change: QConfigChange
  /// Why it is there, for people: "target x86", "advice: clipping 71 %".
  package var note: String

  package init(_ scope: RuleScope, _ change: QConfigChange, note: String = "") {
    self.scope = scope
    self.change = change
    self.note = note
  }
}
