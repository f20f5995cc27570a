import Cells
import Quantization
import Workbench

/// The selected layer in three lines, for terminals without room for the whole detail.
struct LayerStrip: Widget {
  let state: WorkbenchState

  func render(in area: Rect, to buffer: inout CellBuffer) {
    guard let layer = state.selectedLayer else { return scope(in: area, to: &buffer) }
    let pane = Pane(title: StyledText(layer.id, .title), badge: LayerLines.scope(state))
    pane.render(in: area, to: &buffer)
    let inner = pane.inner(of: area)
    for (row, line) in LayerLines.summary(layer, state.layers.evaluations[layer.id]).enumerated() {
      buffer.write(line, in: inner.row(row))
    }
  }

  /// The selected scope: what lies in it.
  private func scope(in area: Rect, to buffer: inout CellBuffer) {
    guard let path = state.selectedScope else {
      return Pane(title: "").render(in: area, to: &buffer)
    }
    ModuleView(state: state, path: path).render(in: area, to: &buffer)
  }
}

/// Lines about a layer that the strip and the detail share.
enum LayerLines {
  /// What the next edit changes.
  static func scope(_ state: WorkbenchState) -> StyledText {
    let title = state.editScopes?.title ?? ""
    let isOne = state.layers.scope == .layer && state.layers.marks.isEmpty
    let target =
      isOne
      ? state.selectedScope == nil ? "this layer" : "this module"
      : title.isEmpty ? state.layers.scope.title : title
    return StyledText("edits \(state.layers.side.title) of \(target)", .accent)
  }

  static func summary(_ layer: LayerSummary, _ evaluation: LayerEvaluation?) -> [StyledText] {
    var facts = [layer.title]
    if !layer.outputShape.isEmpty { facts.append(layer.outputShape) }
    if layer.hasWeights { facts.append("weight \(layer.weightShape)") }
    if layer.multiplyAccumulates > 0 { facts.append("\(Numbers.percent(layer.share)) of MACs") }
    return [
      StyledText(facts.joined(separator: "  "), .dim), activation(layer, evaluation),
      layer.stored.map(weight) ?? weight(evaluation),
    ]
  }

  static func activation(_ layer: LayerSummary, _ evaluation: LayerEvaluation?) -> StyledText {
    if let stored = layer.stored { return activation(stored) }
    if case .float(let reason) = layer.role {
      return StyledText("stays fp32: \(reason)", .warning)
    }
    guard let evaluation else { return StyledText("working it out…", .dim) }
    if evaluation.isFloat {
      return StyledText(
        evaluation.warnings.first.map { "stays fp32: \($0)" } ?? "kept in fp32", .warning)
    }
    guard let range = evaluation.activation else {
      return StyledText("activation not observed yet: 2, then r, calibrates", .dim)
    }
    return StyledText("A  ", .activation) + Self.range(range)
  }

  /// What the file says of the layer's output.
  static func activation(_ stored: StoredSummary) -> StyledText {
    let words = StyledText(
      (stored.isBoundary ? "where codes begin or end" : "already quantized, \(stored.format)")
        + (stored.runsOnCodes == false ? ", computed in float" : ""), .warning)
    guard let scale = stored.scale else { return words }
    return StyledText("A  ", .activation)
      + StyledText("S \(Numbers.real(scale))  Z \(stored.zeroPoint ?? 0)  \(stored.type)  ") + words
  }

  static func weight(_ stored: StoredSummary) -> StyledText {
    guard !stored.weights.isEmpty, let scale = stored.weightScale else { return "" }
    let scales =
      scale.lowerBound == scale.upperBound
      ? "S \(Numbers.real(scale.lowerBound))"
      : "S \(Numbers.real(scale.lowerBound))…\(Numbers.real(scale.upperBound))"
    return StyledText("W  ", .weights) + StyledText("\(scales)  ")
      + StyledText(stored.weights, .dim)
  }

  static func range(_ range: RangeSummary) -> StyledText {
    StyledText("S \(Numbers.real(range.scale))  Z \(range.zeroPoint)  ")
      + StyledText("[\(Numbers.real(range.lower)), \(Numbers.real(range.upper))]  ", .clipping)
      + StyledText("clips \(Numbers.percent(range.clippedShare))  ")
      + decibels(range.decibels) + StyledText(" dB")
      + StyledText(
        "  \(range.observer), \(Numbers.percent(range.clippingShare)) of noise clipping", .dim)
  }

  static func weight(_ evaluation: LayerEvaluation?) -> StyledText {
    guard let evaluation, let value = evaluation.weightDecibels else { return "" }
    var text = StyledText("W  ", .weights)
    if let scale = evaluation.weightScale {
      text =
        text
        + StyledText(
          scale.lowerBound == scale.upperBound
            ? "S \(Numbers.real(scale.lowerBound))  "
            : "S \(Numbers.real(scale.lowerBound))…\(Numbers.real(scale.upperBound))  ")
    }
    text = text + decibels(value) + StyledText(" dB")
    if let warning = evaluation.warnings.first {
      text = text + StyledText("  \(warning)", .warning)
    }
    return text
  }
}
