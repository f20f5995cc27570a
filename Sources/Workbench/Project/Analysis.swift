package import Calibration
package import Conversion
import Graphs
import OrderedCollections
package import Quantization
import Tensors

/// What a recipe means, worked out from statistics without running the model.
///
/// Remembers every choice of range it has made, so that changing one layer costs one layer.
package struct Analysis: Sendable {
  package var layers: LayerGraph { whatIf.layers }
  package let statistics: CalibrationStatistics?
  package internal(set) var whatIf: WhatIf
  /// What the last conversion wrote, for the detail of one layer after another.
  private var written: (recipe: Recipe, operators: [Layer.ID: [String]])?

  package init(layers: LayerGraph, statistics: CalibrationStatistics?) {
    self.statistics = statistics
    whatIf = WhatIf(layers: layers, statistics: statistics ?? CalibrationStatistics())
  }

  /// Splits layers as `recipe` does, so that every answer is about its layers.
  private mutating func follow(_ recipe: Recipe) throws {
    let grouped = try layers.grouped(by: recipe)
    if grouped.split != layers.split { whatIf.regroup(grouped) }
  }

  /// What `recipe` means for layers as the calibration reached them.
  func resolution(_ recipe: Recipe) throws -> Resolution {
    try layers.resolve(recipe, observed: statistics?.observedEdges)
  }

  /// Every layer under `recipe`.
  package mutating func evaluate(_ recipe: Recipe) throws -> [LayerEvaluation] {
    try follow(recipe)
    let resolution = try resolution(recipe)
    // Fills the memory on all cores first.
    _ = whatIf.predictions(for: resolution)
    return layers.layers.map { evaluate($0, resolution) }
  }

  private mutating func evaluate(_ layer: Layer, _ resolution: Resolution) -> LayerEvaluation {
    guard let choice = resolution.layers[layer.id] else {
      return LayerEvaluation(layer: layer.id, qconfig: Target.x86.fallback, shortForm: "")
    }
    var qconfig = choice.config.qconfig
    qconfig.precision = choice.precision
    var evaluation = LayerEvaluation(
      layer: layer.id, qconfig: qconfig, shortForm: qconfig.shortForm)
    if case .float(let reason) = layer.role { evaluation.warnings.append(reason) }
    let isRefused = choice.precision == .float32 && choice.qconfig.precision != .float32
    if layer.role == .quantizable, isRefused { evaluation.warnings.append(choice.reason) }
    if let edge = resolution.edges[layer.output], edge.isQuantized {
      do {
        let range = try whatIf.choice(edge: edge.representative, scheme: edge.scheme)
        evaluation.activation = RangeSummary(range)
      } catch {
        if statistics != nil { evaluation.warnings.append("\(error)") }
      }
    }
    if choice.precision != .float32, layer.weight != nil {
      do {
        let weight = try whatIf.weight(
          layer: layer, scheme: qconfig.weight, precision: choice.precision)
        evaluation.weightDecibels = weight?.decibels
        evaluation.weightScale = weight?.scales
        evaluation.warnings += weight?.warnings.map(\.description) ?? []
      } catch {
        evaluation.warnings.append("\(error)")
      }
    }
    return evaluation
  }

  /// Everything the detail pane shows of one layer.
  package mutating func detail(_ id: Layer.ID, _ recipe: Recipe) throws -> LayerDetail {
    var detail = LayerDetail(layer: id)
    try follow(recipe)
    guard let layer = layers[id] else { return detail }
    let resolution = try resolution(recipe)
    if let choice = resolution.layers[id] {
      detail.provenance = [choice.reason] + choice.config.lines
    }
    if !layer.within.isEmpty { detail.provenance.append(place(of: layer)) }
    if let seen = statistics?.edges[layer.output] {
      detail.activationHistogram = seen.snapshot(bins: 256).map {
        HistogramSummary(counts: $0.counts, lower: $0.lower, upper: $0.upper)
      }
      detail.observedCount = seen.elementCount
      detail.nonFiniteCount = seen.nonFiniteCount
    }
    if let edge = resolution.edges[layer.output] {
      let choices = whatIf.comparison(edge: edge.representative, scheme: edge.scheme)
      detail.observers = choices.map(RangeSummary.init)
      detail.chosenObserver = edge.scheme.observer.text
      if edge.group.count > 1 {
        detail.provenance.append(
          "shares scale and zero point with \(edge.group.filter { $0 != layer.output }.joined(separator: ", "))"
        )
      }
    }
    detail.boundaries = boundaries(of: layer, resolution)
    detail.operators = layers.sourceOperators(of: layer)
    if layer.weight != nil, let weight = try? whatIf.weightStatistics(of: layer) {
      if let channels = weight.whole.channels {
        detail.channelRanges = zip(channels.minima, channels.maxima).map { low, high in
          low <= high ? low...high : 0...0
        }
      }
      detail.weightHistogram = weight.whole.snapshot(bins: 256).map {
        HistogramSummary(counts: $0.counts, lower: $0.lower, upper: $0.upper)
      }
    }
    if let choice = resolution.layers[id] {
      detail.gates = (try? whatIf.gates(of: layer, choice))?.map(LayerDetail.Gate.init) ?? []
    }
    return detail
  }

  /// Where a layer inside of another node is, and how often it ran.
  private func place(of layer: Layer) -> String {
    let place = "inside of \(layer.within.joined(separator: " › "))"
    guard let statistics, statistics.batchCount > 0 else { return place }
    let runs = statistics.reachedBatches[layer.output] ?? 0
    return "\(place); ran in \(runs) of \(statistics.batchCount) batches"
  }

  /// The int8 graph.
  /// - Throws: `WorkbenchError.notCalibrated`, or what conversion refuses.
  package mutating func convert(_ recipe: Recipe) throws -> Conversion {
    try follow(recipe)
    let resolution = try resolution(recipe)
    guard statistics != nil || !resolution.needsCalibration else {
      throw WorkbenchError.notCalibrated
    }
    let parameters = try whatIf.parameters(for: resolution)
    return try Converter.convert(layers, resolution, edgeParameters: parameters)
  }

  /// The operators that conversion writes, by layer; a recipe is converted once.
  mutating func operators(_ recipe: Recipe) throws -> [Layer.ID: [String]] {
    if let written, written.recipe == recipe { return written.operators }
    let operators = try convert(recipe).operators
    written = (recipe, operators)
    return operators
  }

  package mutating func summary(
    of conversion: Conversion, _ recipe: Recipe
  ) throws -> ConversionSummary {
    try follow(recipe)
    let resolution = try resolution(recipe)
    let counts = Dictionary(grouping: resolution.layers.values, by: \.precision).mapValues(\.count)
    let unmatched = resolution.unmatchedRules.map(\.description)
    return ConversionSummary(
      int8Layers: counts[.staticInt8] ?? 0, dynamicLayers: counts[.dynamicInt8] ?? 0,
      weightOnlyLayers: counts[.weightOnly] ?? 0, floatLayers: counts[.float32] ?? 0,
      floatByteCount: conversion.sizes.floatByteCount,
      int8ByteCount: conversion.sizes.quantizedByteCount,
      notes: conversion.notes.map(\.description) + unmatched + unreached(resolution))
  }

  private func unreached(_ resolution: Resolution) -> [String] {
    let stays = layers.layers.filter {
      resolution.unreached.contains($0.id) && resolution.layers[$0.id]?.precision == .float32
        && resolution.layers[$0.id]?.qconfig.precision != .float32
    }
    return stays.map { "\($0.id): \(resolution.layers[$0.id]?.reason ?? "")." }
  }

  /// Suggestions, most gain first.
  package mutating func advice(_ recipe: Recipe, errors: ErrorReport?) throws -> [Advice] {
    guard statistics != nil else { return [] }
    try follow(recipe)
    var advisor = Advisor(resolution: try resolution(recipe), whatIf: whatIf, errors: errors)
    return advisor.advice()
  }

  /// What a running calibration shows of one edge.
  package static func live(_ watched: WatchedEdge, scheme: TensorScheme) -> LiveTensor {
    let seen = watched.statistics
    var live = LiveTensor(edge: watched.edge)
    live.histogram = seen.snapshot(bins: 128).map {
      HistogramSummary(counts: $0.counts, lower: $0.lower, upper: $0.upper)
    }
    live.range = (try? seen.choice(for: scheme)).map(RangeSummary.init)
    live.batchRanges = seen.batchRanges.points.compactMap { point in
      point.minimum <= point.maximum ? point.minimum...point.maximum : nil
    }
    if let batch = watched.batch { live.lastBatch = batch.minimum...batch.maximum }
    if let lower = seen.minimum, let upper = seen.maximum, lower <= upper {
      live.wholeRun = lower...upper
    }
    live.stableSince = watched.stableSince
    live.nonFiniteCount = seen.nonFiniteCount
    return live
  }
}

extension LayerDetail.Gate {
  init(_ gate: GateWeights) {
    self.init(name: gate.gate, input: Part(gate.input), recurrence: Part(gate.recurrence))
  }
}

extension LayerDetail.Gate.Part {
  init(_ part: GateWeights.Part) {
    self.init(range: part.range, scales: part.scales, decibels: part.decibels)
  }
}

extension RangeSummary {
  init(_ choice: RangeChoice) {
    self.init(
      observer: choice.observer.text, lower: choice.lower, upper: choice.upper,
      scale: choice.parameters.scale, zeroPoint: choice.parameters.zeroPoint,
      clippedShare: choice.noise.clippedShare, decibels: choice.predictedSQNR,
      roundingShare: 1 - choice.clippingShareOfNoise)
  }
}
