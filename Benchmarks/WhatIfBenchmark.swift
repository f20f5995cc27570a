import Calibration
import Conversion
import OrderedCollections
import Quantization
import Workbench

/// How long a person waits for numbers after changing a recipe. Nothing is known of the new choice
/// beforehand; everything else is.
struct WhatIfBenchmark {
  let workspace: Workspace
  let recipe: Recipe
  let rounds: Int

  private var layers: LayerGraph { workspace.project.layers }

  func run() throws -> [Finding] {
    try Side.allCases.flatMap { side in
      let waits = try oneLayer(side)
      return [
        Finding(
          "\(side.rawValue) of one layer", .milliseconds, waits.map(\.numbers), limit: 50),
        Finding(
          "\(side.rawValue) of one layer, with its detail", .milliseconds, waits.map(\.detail),
          limit: 50),
        Finding(
          "\(side.rawValue) of all layers", .milliseconds, try allLayers(side), limit: 1000),
      ]
    } + [Finding("all layers after calibration", .milliseconds, try first())]
  }

  /// Every edit of every layer, one at a time.
  private func oneLayer(_ side: Side) throws -> [(numbers: Sample, detail: Sample)] {
    let resolution = try layers.resolve(recipe)
    var edits: [(layer: Layer, change: QConfigChange)] = []
    for layer in layers.layers {
      guard let choice = resolution.layers[layer.id], choice.isInt8 else { continue }
      if side == .weight, layer.weight == nil { continue }
      edits += side.changes.filter { changes(choice.config.qconfig, $0) }.map { (layer, $0) }
    }
    let times = try bestOf(rounds) {
      var analysis = try warmed(recipe)
      return try edits.flatMap { layer, change in
        var edited = recipe
        edited.set(change, for: .layer(layer.id))
        let subject = "\(layer.id): \(side.name(of: change))"
        let numbers = try milliseconds { _ = try analysis.evaluate(edited) }
        let detail = try milliseconds { _ = try analysis.detail(layer.id, edited) }
        return [numbers, numbers + detail].map { Sample(subject: subject, value: $0) }
      }
    }
    return stride(from: 0, to: times.count, by: 2).map { (times[$0], times[$0 + 1]) }
  }

  /// Every edit of all layers at once.
  private func allLayers(_ side: Side) throws -> [Sample] {
    let selected = layers.layers.first { $0.weight != nil }?.id ?? ""
    let resolution = try layers.resolve(recipe)
    let worthwhile = side.changes.filter { change in
      resolution.layers.values.contains { changes($0.config.qconfig, change) }
    }
    return try bestOf(rounds) {
      try worthwhile.map { change in
        var analysis = try warmed(recipe)
        var edited = recipe
        edited.set(change, for: .global)
        let time = try milliseconds {
          _ = try analysis.evaluate(edited)
          _ = try analysis.detail(selected, edited)
        }
        return Sample(subject: side.name(of: change), value: time)
      }
    }
  }

  /// All layers before anything is known, weights included.
  private func first() throws -> [Sample] {
    try bestOf(rounds) {
      [Sample(subject: "", value: try milliseconds { _ = try warmed(recipe) })]
    }
  }

  private func warmed(_ recipe: Recipe) throws -> Analysis {
    var analysis = Analysis(layers: layers, statistics: workspace.statistics)
    _ = try analysis.evaluate(recipe)
    return analysis
  }

  private func changes(_ qconfig: QConfig, _ change: QConfigChange) -> Bool {
    var changed = qconfig
    changed.apply(change)
    return changed != qconfig
  }

  /// Which tensor of a layer is edited.
  private enum Side: String, CaseIterable {
    case activation, weight

    /// What the keys of the Layers tab set.
    var changes: [QConfigChange] {
      ObserverKind.comparable.map { kind in change { $0.observer = kind } }
        + Symmetry.allCases.map { symmetry in change { $0.symmetry = symmetry } }
        + (self == .activation
          ? [false, true].map { isReduced in change { $0.reduceRange = isReduced } }
          : Granularity.allCases.map { granularity in change { $0.granularity = granularity } })
    }

    private func change(_ set: (inout SchemeChange) -> Void) -> QConfigChange {
      var change = QConfigChange()
      if self == .activation { set(&change.activation) } else { set(&change.weight) }
      return change
    }

    func name(of change: QConfigChange) -> String {
      let scheme = self == .activation ? change.activation : change.weight
      return scheme.observer?.text ?? scheme.symmetry?.rawValue ?? scheme.granularity?.rawValue
        ?? scheme.reduceRange.map { $0 ? "7 bits" : "8 bits" } ?? ""
    }
  }
}
