/// An ordered list of rules over a target's defaults.
///
/// Precedence as in PyTorch's QConfigMapping: global < operator type < name pattern < module <
/// layer < tensor. Among patterns the first that matches wins, among modules the innermost; among
/// equal scopes the last one set wins.
package struct Recipe: Hashable, Codable, Sendable {
  package var target: Target
  package var rules: [Rule]

  package init(target: Target, rules: [Rule] = []) {
    self.target = target
    self.rules = rules
  }
}
