extension Recipe {
  /// The rule for exactly this scope that decides: the last one set, or the first of equal patterns.
  package func rule(for scope: RuleScope) -> Rule? {
    index(of: scope).map { rules[$0] }
  }

  /// Adds to the rule for `scope`, or makes one. What the rule said of other fields stays.
  ///
  /// A new pattern goes behind the patterns there, so it cannot override them.
  package mutating func set(_ change: QConfigChange, for scope: RuleScope, note: String = "") {
    if let index = index(of: scope) {
      rules[index].change.merge(change)
      if !note.isEmpty { rules[index].note = note }
    } else {
      rules.append(Rule(scope, change, note: note))
    }
  }

  /// Quantizes nothing but what `scopes` speak of; what rules for other layers said of precision is
  /// forgotten.
  package mutating func keepOnly(
    _ scopes: [RuleScope], _ precision: LayerPrecision, note: String = ""
  ) {
    for index in rules.indices {
      if case .tensor = rules[index].scope { continue }
      rules[index].change.precision = nil
    }
    rules.removeAll { $0.change.isEmpty }
    var change = QConfigChange()
    change.precision = .float32
    set(change, for: .global, note: note)
    change.precision = precision
    for scope in scopes { set(change, for: scope, note: note) }
  }

  /// - Precondition: there is a rule at `index`.
  package mutating func remove(at index: Int) { rules.remove(at: index) }

  /// Removes every rule that speaks of this layer alone.
  package mutating func reset(layer name: String) {
    rules.removeAll { $0.scope == .layer(name) }
  }

  /// Removes every rule that speaks of this tensor alone.
  package mutating func reset(tensor name: String) {
    rules.removeAll { $0.scope == .tensor(name) }
  }

  /// Keeps a tensor real for all that read it, or takes that back.
  package mutating func keepReal(_ tensor: String, _ isReal: Bool, note: String = "") {
    let scope = RuleScope.tensor(tensor)
    var change = QConfigChange()
    change.precision = .float32
    guard !isReal else { return set(change, for: scope, note: note) }
    for index in rules.indices where rules[index].scope == scope {
      rules[index].change.precision = nil
    }
    rules.removeAll { $0.scope == scope && $0.change.isEmpty }
  }

  /// What the rules say of fusing, and nothing else: layers depend on it.
  package var fusionRules: [Rule] {
    rules.compactMap { rule in
      guard let fuse = rule.change.fuse else { return nil }
      var change = QConfigChange()
      change.fuse = fuse
      return Rule(rule.scope, change)
    }
  }

  private func index(of scope: RuleScope) -> Int? {
    if case .namePattern = scope { return rules.firstIndex { $0.scope == scope } }
    return rules.lastIndex { $0.scope == scope }
  }
}
