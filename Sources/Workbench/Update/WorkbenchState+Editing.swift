import Quantization
import Sessions

extension WorkbenchState {
  /// Changes the recipe; every change can be undone.
  mutating func changeRecipe(_ action: Action) -> [Effect] {
    guard project != nil else { return [] }
    if job?.kind == .keeping {
      say("Wait until the trained weights are in force: they bring their own ranges.", .warning)
      return []
    }
    switch action {
    case .edit(let edit): return apply(edit)
    case .clipByHand: return askForClip()
    case .toggleReal: return toggleReal()
    case .quantizeOnly(let module): return quantizeOnly(module)
    case .setTarget(let target):
      var recipe = recipe
      recipe.target = target
      return adopt(recipe, label: "target \(target.rawValue)")
    case .setRule(let rule):
      var recipe = recipe
      recipe.set(rule.change, for: rule.scope, note: rule.note)
      return adopt(recipe, label: "rule for \(rule.scope.text)")
    case .undo:
      guard mayUseWeights(of: history.past.last) else { return [] }
      let before = trainings
      guard let undone = history.undo() else {
        say("Nothing to undo.")
        return []
      }
      say("Undone: \(undone).")
      return weightsChanged(from: before) + recipeChanged()
    case .redo:
      guard mayUseWeights(of: history.future.last) else { return [] }
      let before = trainings
      guard let redone = history.redo() else {
        say("Nothing to redo.")
        return []
      }
      say("Redone: \(redone).")
      return weightsChanged(from: before) + recipeChanged()
    case .applyAdvice:
      let advice = errors.report?.advice ?? []
      guard advice.indices.contains(errors.adviceCursor.selected) else {
        say("No advice is selected. Measure errors first, then press a for the advice.")
        return []
      }
      return changeRecipe(.setRule(advice[errors.adviceCursor.selected].rule))
    case .keepFloat:
      guard let layer = tab == .errors ? errors.selected?.id : selectedLayer?.id else { return [] }
      var change = QConfigChange()
      change.precision = .float32
      var recipe = recipe
      recipe.set(change, for: .layer(layer), note: "kept fp32 by hand")
      return adopt(recipe, label: "\(layer): fp32")
    default:
      return []
    }
  }

  /// Puts a changed recipe on the history and asks for what follows from it.
  mutating func adopt(_ recipe: Recipe, label: String) -> [Effect] {
    guard recipe != self.recipe else {
      say("That is so already.")
      return []
    }
    history.push(recipe, label: label)
    say("\(label.prefix(1).uppercased() + label.dropFirst()). u takes it back.")
    return recipeChanged()
  }

  mutating func recipeChanged() -> [Effect] {
    errors.isStale = errors.report != nil
    benchmark.isStale = benchmark.report != nil
    conversion = nil
    layers.outline = nil
    guard recipe.fusionRules != groupedBy else { return reevaluate() + changed() }
    groupedBy = recipe.fusionRules
    let effects = reevaluate()
    groupingGeneration = generation
    return [.regroup(generation: generation, recipe)] + effects + changed()
  }

  private mutating func apply(_ edit: RecipeEdit) -> [Effect] {
    guard let (scopes, title) = editScopes, let layer = editedLayer else {
      say(whyNothingIsEdited, .warning)
      return []
    }
    if edit == .toggleFusion { return toggleFusion() }
    if case .float(let reason) = layer.role, layers.scope == .layer, layers.marks.isEmpty {
      let words = layer.stored == nil ? "stays fp32" : "stays as it is"
      say("\(layer.id) \(words): \(reason).", .warning)
      return []
    }
    guard let current = layers.evaluations[layer.id]?.qconfig else {
      say("The layer's qconfig is still being worked out.", .warning)
      return []
    }
    if edit == .cyclePrecision, editedPrecisions.count < 3 {
      say("\(title) can be quantized in one way only; f keeps it in fp32.", .warning)
      return []
    }
    var recipe = recipe
    if edit == .reset {
      for scope in scopes { recipe.rules.removeAll { $0.scope == scope } }
      recipe.dropTrainedRanges(of: reachedLayers.map(\.outputEdge))
      return adopt(recipe, label: "\(title): back to target \(recipe.target.rawValue)")
    }
    let (change, words) = describe(edit, current, editedPrecisions)
    if change.activation != SchemeChange() {
      recipe.dropTrainedRanges(of: reachedLayers.map(\.outputEdge))
    }
    for scope in scopes { recipe.set(change, for: scope, note: "by hand") }
    return adopt(recipe, label: "\(title): \(words)" + exceptions(from: change, scopes))
  }

  private func describe(
    _ edit: RecipeEdit, _ current: QConfig, _ precisions: [LayerPrecision]
  ) -> (QConfigChange, String) {
    var change = QConfigChange()
    let side = layers.side
    let scheme = side == .activation ? current.activation : current.weight
    var part = SchemeChange()
    let words: String
    switch edit {
    case .togglePrecision:
      let quantized = precisions.first ?? .staticInt8
      let precision = current.precision == .float32 ? quantized : .float32
      change.precision = precision
      return (change, precision == .float32 ? "fp32" : precision.word)
    case .cyclePrecision:
      let choices = precisions.filter { $0 != .float32 }
      let index = choices.firstIndex(of: current.precision).map { $0 + 1 } ?? 0
      let precision = choices.isEmpty ? .float32 : choices[index % choices.count]
      change.precision = precision
      return (change, precision.word)
    case .toggleGranularity:
      let value: Granularity =
        current.weight.granularity == .perTensor ? .perChannel : .perTensor
      change.weight.granularity = value
      return (change, value == .perTensor ? "weights per tensor" : "weights per channel")
    case .toggleSymmetry:
      part.symmetry = scheme.symmetry == .symmetric ? .affine : .symmetric
      words = part.symmetry == .symmetric ? "symmetric" : "affine"
    case .cycleObserver(let step):
      let choices = ObserverKind.comparable
      let index = choices.firstIndex { $0.name == scheme.observer.name } ?? 0
      let next = choices[((index + step) % choices.count + choices.count) % choices.count]
      part.observer = next
      words = next.text
    case .toggleReducedRange:
      part.reduceRange = !scheme.reduceRange
      words = scheme.reduceRange ? "8 bits" : "7 bits"
    case .toggleType:
      part.type = scheme.type.withOtherSign
      words = scheme.type.withOtherSign.rawValue
    case .clip(let lower, let upper):
      part.observer = .manual(lower: lower, upper: upper)
      words = "clipped to \(lower)…\(upper)"
    case .toggleFusion, .reset:
      return (change, "")
    }
    if side == .activation { change.activation = part } else { change.weight = part }
    return (change, "\(side.title) \(words)")
  }

  private mutating func askForClip() -> [Effect] {
    guard let layer = editedLayer, let title = editScopes?.title else {
      say(whyNothingIsEdited, .warning)
      return []
    }
    let range: (lower: Float, upper: Float)? =
      switch layers.side {
      case .activation: layers.evaluations[layer.id]?.activation.map { ($0.lower, $0.upper) }
      case .weight: layers.detail?.weightHistogram.map { ($0.lower, $0.upper) }
      }
    overlay = .prompt(
      Prompt(
        kind: .clip, title: "Clip \(layers.side.title)s of \(title)",
        hint: "lower and upper bound in real units, such as 0 6",
        input: EditedLine(range.map { "\($0.lower) \($0.upper)" } ?? "")))
    return []
  }
}
