/// Where a rule comes from.
package enum RuleSource: Hashable, Sendable, CustomStringConvertible {
  case target(Target, RuleScope)
  /// Counted from 1.
  case recipe(number: Int, RuleScope)

  package var description: String {
    switch self {
    case .target(let target, .global): "target \(target.rawValue)"
    case .target(let target, let scope): "target \(target.rawValue) (\(scope.text))"
    case .recipe(let number, let scope): "rule \(number) (\(scope.text))"
    }
  }
}

/// Which rule set a value, and which it overrode, weakest first.
package struct Provenance: Hashable, Sendable {
  package var source: RuleSource
  package var overridden: [RuleSource]

  package init(source: RuleSource, overridden: [RuleSource]) {
    self.source = source
    self.overridden = overridden
  }
}

/// A layer's qconfig with the origin of every value in it.
package struct ResolvedQConfig: Hashable, Sendable {
  package var qconfig: QConfig
  package var provenance: [QConfigField: Provenance]

  package init(qconfig: QConfig, provenance: [QConfigField: Provenance]) {
    self.qconfig = qconfig
    self.provenance = provenance
  }

  /// The rule by which a tensor is real for all that read it; `nil` where it is not.
  ///
  /// Only rules for tensors say so; that its layer stays in float32 is another matter.
  package var ruleForReal: RuleSource? {
    guard qconfig.precision == .float32, let source = provenance[.precision]?.source,
      case .recipe(_, .tensor) = source
    else { return nil }
    return source
  }

  /// `weight.granularity perTensor, from rule 3 (layer=conv1), overrides target x86`.
  package func explanation(_ field: QConfigField) -> String {
    let value = "\(field) \(qconfig.text(of: field))"
    guard let origin = provenance[field] else { return value }
    let overridden = origin.overridden.reversed().map(\.description).joined(separator: ", ")
    return "\(value), from \(origin.source)"
      + (overridden.isEmpty ? "" : ", overrides \(overridden)")
  }

  /// The whole story for people: a line for activation and weight each, then one for every value
  /// that is not simply the target's default.
  package var lines: [String] {
    if qconfig.precision == .float32 { return [explanation(.precision)] }
    let special = QConfigField.allCases.filter {
      if case .target(_, .global) = provenance[$0]?.source { false } else { true }
    }
    let activation =
      switch qconfig.precision {
      case .staticInt8: qconfig.activation.summary
      case .dynamicInt8: "quint8 with the range of each run"
      case .weightOnly, .float32: "float32"
      }
    return ["activation: \(activation)", "weight: \(qconfig.weight.summary)"]
      + special.map(explanation)
  }
}
