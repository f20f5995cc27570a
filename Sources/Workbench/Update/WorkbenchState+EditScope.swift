package import Quantization

/// What the next edit reaches: a layer, marked layers, a module, an operator type, or everything.
extension WorkbenchState {
  /// The rule scopes that the next edit changes, with a name for people.
  package var editScopes: (scopes: [RuleScope], title: String)? {
    guard selectedLayer != nil || selectedScope != nil else { return nil }
    switch layers.scope {
    case .layer where !layers.marks.isEmpty:
      let ids = project?.layers.map(\.id).filter(layers.marks.contains) ?? []
      return (ids.map(RuleScope.layer), "\(ids.count) marked layers")
    case .layer:
      if let layer = selectedLayer { return ([.layer(layer.id)], layer.id) }
      return selectedScope.map { ([.module("/" + $0)], "module /\($0)") }
    case .operatorType:
      return selectedLayer.map { ([.operatorType($0.operatorType)], "every \($0.operatorType)") }
    case .all: return ([.global], "all layers")
    }
  }

  /// The layers that the next edit is meant for, in model order.
  var reachedLayers: [LayerSummary] {
    guard let all = project?.layers else { return [] }
    switch layers.scope {
    case .layer where !layers.marks.isEmpty: return all.filter { layers.marks.contains($0.id) }
    case .layer:
      if let scope = selectedScope { return layers.layers(inScope: scope, of: all) }
      return selectedLayer.map { [$0] } ?? []
    case .operatorType: return all.filter { $0.operatorType == selectedLayer?.operatorType }
    case .all: return all
    }
  }

  /// The layer that an edit starts from: the selected one, or of a module one that is quantized and
  /// has weights, where there is such a layer.
  var editedLayer: LayerSummary? {
    if let selectedLayer { return selectedLayer }
    guard let project, let scope = selectedScope else { return nil }
    func lacks(_ layer: LayerSummary) -> Int {
      (layers.evaluations[layer.id]?.isFloat == false ? 0 : 2) + (layer.hasWeights ? 0 : 1)
    }
    return layers.layers(inScope: scope, of: project.layers).filter(\.isQuantizable)
      .min { lacks($0) < lacks($1) }
  }

  /// The ways in which the edited layer, or some layer of the edited module, can run.
  var editedPrecisions: [LayerPrecision] {
    if let layer = selectedLayer { return layer.precisions }
    let possible = Set(reachedLayers.filter(\.isQuantizable).flatMap(\.precisions))
    return LayerPrecision.allCases.filter(possible.contains)
  }

  var whyNothingIsEdited: String {
    guard let scope = selectedScope else { return "Select a layer first." }
    return layers.scope == .operatorType
      ? "A module has layers of several operator types: select one, or press x for another scope."
      : "Nothing in /\(scope) can be quantized."
  }

  /// Says how many layers of an edited module have rules of their own, which win.
  func exceptions(from change: QConfigChange, _ scopes: [RuleScope]) -> String {
    let fields = Set(change.fields)
    let own = Set(
      recipe.rules.compactMap { rule -> String? in
        guard case .layer(let id) = rule.scope, !fields.isDisjoint(with: rule.change.fields),
          scopes.contains(where: { $0.module?.contains(ModulePath(id)) ?? false })
        else { return nil }
        return id
      })
    if own.isEmpty { return "" }
    return own.count == 1
      ? ", but \(own.first ?? "") has a rule of its own"
      : ", but \(own.count) layers have rules of their own"
  }

  /// One change of the recipe: all else goes to fp32.
  mutating func quantizeOnly(_ module: String?) -> [Effect] {
    guard let project else { return [] }
    let reached: [LayerSummary]
    let scopes: [RuleScope]
    let title: String
    if let module {
      let path = ModulePath(module)
      reached = project.layers.filter { path.contains(ModulePath($0.id)) }
      if reached.isEmpty {
        let nearest = path.nearest(around: project.layers.map { ModulePath($0.id) })
        say(
          "There is no module '\(path.text)'."
            + (nearest.map { " Did you mean '\($0.text)'?" } ?? ""), .error)
        return []
      }
      (scopes, title) = ([.module(path.text)], "module \(path.text)")
    } else {
      guard layers.scope != .all, let edited = editScopes else {
        say(
          layers.scope == .all
            ? "The edit scope is all layers: press x for a layer, module or operator type."
            : whyNothingIsEdited, .warning)
        return []
      }
      (scopes, title) = edited
      reached = reachedLayers
    }
    guard let precision = precisionToKeep(of: reached) else {
      say("Nothing in \(title) can be quantized.", .warning)
      return []
    }
    var recipe = recipe
    recipe.keepOnly(scopes, precision, note: "by hand")
    return adopt(recipe, label: "only \(title) is quantized, \(precision.word)")
  }

  /// What the layers have now, or what the recipe says of all, or the first that is possible.
  private func precisionToKeep(of reached: [LayerSummary]) -> LayerPrecision? {
    let possible = Set(reached.filter(\.isQuantizable).flatMap(\.precisions)).subtracting([.float32]
    )
    let now = reached.lazy.filter(\.isQuantizable).compactMap {
      layers.evaluations[$0.id]?.qconfig.precision
    }.first { $0 != .float32 }
    let wanted = [now, recipe.rule(for: .global)?.change.precision].compactMap(\.self)
    return (wanted + LayerPrecision.allCases).first(where: possible.contains)
  }

  /// Splits what is fused in the layers that the edit is meant for, or joins what was split.
  mutating func toggleFusion() -> [Effect] {
    let reached = reachedLayers
    let isSplit = reached.contains { $0.splitFrom != nil }
    guard let title = editScopes?.title, isSplit || reached.contains(where: { $0.partCount > 1 })
    else {
      say("Nothing is fused here: every layer is one operator. What preparation folded stays so.")
      return []
    }
    // Rules know a split layer by the name it had as a whole.
    let wholes = Set(reached.map { $0.splitFrom ?? $0.id })
    let scopes: [RuleScope] =
      switch layers.scope {
      case .layer where selectedScope == nil || !layers.marks.isEmpty:
        Set(
          reached.filter { $0.splitFrom != nil || $0.partCount > 1 }.map { $0.splitFrom ?? $0.id }
        ).sorted().map(RuleScope.layer)
      case .operatorType:
        Set((project?.layers ?? []).filter { wholes.contains($0.id) }.map(\.operatorType)).sorted()
          .map(RuleScope.operatorType)
      case .layer, .all: editScopes?.scopes ?? []
      }
    var change = QConfigChange()
    change.fuse = isSplit
    var recipe = recipe
    for scope in scopes { recipe.set(change, for: scope, note: "by hand") }
    var name = title
    if scopes.count == 1, case .layer(let whole) = scopes[0] { name = whole }
    return adopt(recipe, label: "\(name): \(isSplit ? "joined again" : "split")")
  }

  /// Sets or takes back a boundary where values are real, behind the selected layer, each marked
  /// one, or the whole of a module.
  mutating func toggleReal() -> [Effect] {
    guard layers.scope == .layer, let title = editScopes?.title else {
      say("Boundaries are set by layer or module: press x for that scope.", .warning)
      return []
    }
    var edges = reachedLayers.map(\.outputEdge)
    if selectedScope != nil, layers.marks.isEmpty {
      let inside = Set(reachedLayers.map(\.id))
      let outside = (project?.layers ?? []).filter { !inside.contains($0.id) }
      let read = Set(outside.flatMap(\.inputEdges))
      edges = edges.filter(read.contains)
    }
    guard !edges.isEmpty else {
      say("No layer reads what \(title) makes.", .warning)
      return []
    }
    var recipe = recipe
    let isReal = edges.allSatisfy {
      recipe.rule(for: .tensor($0))?.change.precision == .float32
    }
    for edge in edges { recipe.keepReal(edge, !isReal, note: "by hand") }
    let words = isReal ? "readers take codes again" : "readers take reals"
    return adopt(recipe, label: "behind \(title): \(words)")
  }
}
