/// What a rule speaks of. Later cases win over earlier ones; within a case see ``Recipe``.
package enum RuleScope: Hashable, Codable, Sendable {
  case global
  /// ONNX operator type of the layer's main node, such as `Conv`.
  case operatorType(String)
  /// A regular expression that must match the layer's whole name.
  case namePattern(String)
  case layer(String)
  /// One edge, by its value name.
  case tensor(String)
}

/// Changes to a qconfig; `nil` leaves what a wider rule said.
package struct SchemeChange: Hashable, Codable, Sendable {
  package var type: QuantizedType?
  package var symmetry: Symmetry?
  package var granularity: Granularity?
  package var observer: ObserverKind?
  package var reduceRange: Bool?
  package var narrowRange: Bool?
  package var epsilon: Float?
  package init() {}
}

package struct QConfigChange: Hashable, Codable, Sendable {
  package var precision: LayerPrecision?
  package var activation = SchemeChange()
  package var weight = SchemeChange()
  package init() {}
}

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

/// Whose defaults a recipe starts from.
package enum Target: String, Codable, Sendable, CaseIterable {
  case x86, fbgemm, onednn, qnnpack, ort
}

/// An ordered list of rules over a target's defaults.
///
/// Precedence as in PyTorch's QConfigMapping: global < operator type < name pattern < layer <
/// tensor. Among patterns the first that matches wins; among equal scopes the last one set wins.
package struct Recipe: Hashable, Codable, Sendable {
  package var target: Target
  package var rules: [Rule]

  package init(target: Target, rules: [Rule] = []) {
    self.target = target
    self.rules = rules
  }
}
