import Cells
import Quantization
import Workbench

/// The selected module: what lies in it, how it is quantized, and which rule speaks of it.
struct ModuleView: Widget {
  let state: WorkbenchState
  /// Such as `encoder/0`.
  let path: String

  private var inside: [LayerSummary] {
    state.layers.layers(inScope: path, of: state.project?.layers ?? [])
  }

  func render(in area: Rect, to buffer: inout CellBuffer) {
    let pane = Pane(title: StyledText("/" + path, .title), badge: LayerLines.scope(state))
    pane.render(in: area, to: &buffer)
    Paragraph([facts, rule, keys] + weakest).render(in: pane.inner(of: area), to: &buffer)
  }

  private var facts: StyledText {
    let inside = inside
    let share = inside.map(\.share).reduce(0, +)
    let parameters = inside.map(\.parameterCount).reduce(0, +)
    return StyledText(
      "\(inside.count) layers\(precisions(inside))  \(Numbers.percent(share)) of MACs  "
        + "\(Numbers.count(parameters)) parameters", .dim)
  }

  /// `: 3 int8, 1 float32`, of what can be quantized.
  private func precisions(_ inside: [LayerSummary]) -> String {
    let found = inside.filter(\.isQuantizable).compactMap {
      state.layers.evaluations[$0.id]?.qconfig.precision
    }
    let counts = LayerPrecision.allCases.compactMap { precision -> String? in
      let count = found.count { $0 == precision }
      return count > 0 ? "\(count) \(precision.word)" : nil
    }
    return counts.isEmpty ? "" : ": " + counts.joined(separator: ", ")
  }

  private var rule: StyledText {
    guard let rule = state.recipe.rule(for: .module("/" + path)) else {
      return StyledText("no rule of its own: edits here make one, for all layers in it", .dim)
    }
    return StyledText(rule.text, .accent)
  }

  private var keys: StyledText {
    let isFolded = state.layers.folded.contains(path)
    return StyledText(
      "Enter \(isFolded ? "unfolds" : "folds"), Space marks its layers, F quantizes nothing else.",
      .dim)
  }

  /// The layers that lose most by prediction, where there is room for them.
  private var weakest: [StyledText] {
    let losses = inside.compactMap { layer -> (id: String, decibels: Double)? in
      guard let evaluation = state.layers.evaluations[layer.id], !evaluation.isFloat else {
        return nil
      }
      let known = [evaluation.activation?.decibels, evaluation.weightDecibels].compactMap(\.self)
      return known.min().map { (layer.id, $0) }
    }.sorted { $0.decibels < $1.decibels }.prefix(8)
    if losses.isEmpty { return [] }
    return ["", StyledText("loses most, by prediction", .header)]
      + losses.map { decibels($0.decibels) + StyledText(" dB  \($0.id)") }
  }
}
