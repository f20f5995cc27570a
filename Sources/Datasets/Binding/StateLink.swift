/// An output of one step that the next step of the same sequence takes as an input.
package struct StateLink: Hashable, Codable, Sendable, CustomStringConvertible {
  package var input: String
  package var output: String

  package init(input: String, output: String) {
    self.input = input
    self.output = output
  }

  /// Reads `state=stateN`: an input and the output that feeds it; `nil` when it says nothing such.
  package init?(parsing text: String) {
    let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty else { return nil }
    self.init(input: String(sides[0]), output: String(sides[1]))
  }

  /// The text that `init(parsing:)` reads back.
  package var description: String { "\(input)=\(output)" }
}
