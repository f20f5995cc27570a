package import Conversion
import Graphs
import OrderedCollections
import Quantization

/// Looks for what a recipe loses and what would get it back.
package struct Advisor {
  /// Gains below this are not worth a person's time.
  private static let worthwhileGain = 3.0
  /// Below this, noise is a tenth of the signal's amplitude and more.
  private static let poorDecibels = 20.0

  private let layers: LayerGraph
  private let resolution: Resolution
  private var whatIf: WhatIf
  private let errors: ErrorReport?
  private let costs: LayerCosts?

  package init(
    resolution: Resolution, whatIf: WhatIf, errors: ErrorReport? = nil, costs: LayerCosts? = nil
  ) {
    layers = whatIf.layers
    self.resolution = resolution
    self.whatIf = whatIf
    self.errors = errors
    self.costs = costs
  }

  /// All advice, the most promising first.
  package mutating func advice() -> [Advice] {
    var advice: [Advice] = []
    for layer in layers.layers {
      if let found = observerAdvice(layer) { advice.append(found) }
      if let found = channelAdvice(layer) { advice.append(found) }
      advice += weightAdvice(layer)
    }
    if let found = fullRangeAdvice() { advice.append(found) }
    advice += keepFloatAdvice()
    advice += dataAdvice()
    advice += coverageAdvice()
    return advice.sorted { ($0.predictedGain ?? 0) > ($1.predictedGain ?? 0) }
  }

  private mutating func observerAdvice(_ layer: Layer) -> Advice? {
    guard let edge = resolution.edges[layer.output], edge.isQuantized,
      edge.representative == layer.output,
      let current = try? whatIf.choice(edge: layer.output, scheme: edge.scheme),
      let best = whatIf.comparison(edge: layer.output, scheme: edge.scheme)
        .max(by: { $0.predictedSQNR < $1.predictedSQNR })
    else { return nil }
    let gain = best.predictedSQNR - current.predictedSQNR
    guard gain >= Self.worthwhileGain, gain.isFinite else { return nil }
    var change = QConfigChange()
    change.activation.observer = best.observer
    return Advice(
      kind: .observer, layer: layer.id,
      text: "\(current.mainCause). \(best.observer.text) instead of \(current.observer.text): "
        + "\(decibels(gain)) predicted.",
      predictedGain: gain,
      rules: [Rule(.layer(layer.id), change, note: "advice: \(current.mainCause)")])
  }

  private mutating func channelAdvice(_ layer: Layer) -> Advice? {
    guard let choice = resolution.layers[layer.id], choice.isInt8, layer.weight != nil,
      choice.qconfig.weight.granularity == .perTensor
    else { return nil }
    var scheme = choice.qconfig.weight
    scheme.granularity = .perChannel
    guard let current = try? whatIf.weight(layer: layer, scheme: choice.qconfig.weight),
      let other = try? whatIf.weight(layer: layer, scheme: scheme)
    else { return nil }
    let gain = other.decibels - current.decibels
    guard gain >= Self.worthwhileGain, gain.isFinite else { return nil }
    var change = QConfigChange()
    change.weight.granularity = .perChannel
    let kind = layer.weight?.isDepthwise ?? false ? "depthwise weights" : "weights"
    return Advice(
      kind: .perChannel, layer: layer.id,
      text: "One scale for all \(layer.weight?.channelCount ?? 0) channels of the \(kind) loses "
        + "\(decibels(gain)). Give every channel its own.",
      predictedGain: gain,
      rules: [Rule(.layer(layer.id), change, note: "advice: per channel")])
  }

  private mutating func weightAdvice(_ layer: Layer) -> [Advice] {
    guard let choice = resolution.layers[layer.id], choice.isInt8,
      let weight = try? whatIf.weight(layer: layer, scheme: choice.qconfig.weight)
    else { return [] }
    return weight.warnings.map { warning in
      Advice(
        kind: .weights, layer: layer.id, text: "\(warning)", predictedGain: nil, rules: [])
    }
  }

  /// Half the codes are given away to kernels that saturate; the ones here do not.
  private mutating func fullRangeAdvice() -> Advice? {
    var gains: [Double] = []
    for edge in resolution.representatives {
      guard let choice = resolution.edges[edge], choice.scheme.reduceRange,
        let current = try? whatIf.choice(edge: edge, scheme: choice.scheme)
      else { continue }
      var scheme = choice.scheme
      scheme.reduceRange = false
      if let other = try? whatIf.choice(edge: edge, scheme: scheme) {
        gains.append(other.predictedSQNR - current.predictedSQNR)
      }
    }
    let finite = gains.filter(\.isFinite)
    guard !finite.isEmpty else { return nil }
    let gain = Quantiles(finite).median
    guard gain >= Self.worthwhileGain else { return nil }
    var change = QConfigChange()
    change.activation.reduceRange = false
    return Advice(
      kind: .fullRange, layer: nil,
      text: "\(finite.count) tensors use 128 of 256 codes to protect kernels that saturate; the "
        + "kernels here are exact. All codes: \(decibels(gain)) predicted for the median tensor.",
      predictedGain: gain, rules: [Rule(.global, change, note: "advice: all codes")])
  }

  private func keepFloatAdvice() -> [Advice] {
    guard let errors else { return [] }
    let local = errors.layers.compactMap { error in
      error.local.map { (layer: error.layer, decibels: $0.decibels) }
    }
    return local.filter { $0.decibels < Self.poorDecibels }
      .sorted { $0.decibels < $1.decibels }
      .prefix(5)
      .map { found in
        var change = QConfigChange()
        change.precision = .float32
        let share = costs.map { $0.share(of: found.layer) * 100 }
        let cost = share.map { String(rounding: $0) + " % of the multiply-accumulates" }
        return Advice(
          kind: .keepFloat, layer: found.layer,
          text: "Quantized by itself it keeps only \(decibels(found.decibels)). Keep it in float32"
            + (cost.map { ": costs int8 on \($0)." } ?? "."),
          predictedGain: Self.poorDecibels - found.decibels,
          rules: [Rule(.layer(found.layer), change, note: "advice: keep in float32")])
      }
  }

  private func dataAdvice() -> [Advice] {
    whatIf.statistics.nonFiniteEdges.map { edge, count in
      Advice(
        kind: .data, layer: layers.layer(producing: edge)?.id,
        text: "'\(edge)' held \(count) values that are infinite or not a number; they were left "
          + "out. Look at the data and the preprocessing.",
        predictedGain: nil, rules: [])
    }
  }

  private func coverageAdvice() -> [Advice] {
    resolution.unmatchedRules.map { rule in
      Advice(kind: .coverage, layer: nil, text: "\(rule)", predictedGain: nil, rules: [])
    }
  }

  private func decibels(_ value: Double) -> String { String(rounding: value) + " dB" }
}

extension RangeChoice {
  /// Which half of the noise dominates, as a sentence's start.
  fileprivate var mainCause: String {
    let share = clippingShareOfNoise
    return share > 0.5
      ? "\(String(rounding: share * 100)) % of the predicted error is clipping"
      : "The range \(lower)...\(upper) is wide for its values, so steps are coarse"
  }
}

extension String {
  /// One decimal below ten, none above.
  init(rounding value: Double) {
    guard abs(value) < 1e9 else {
      self = "\(value)"
      return
    }
    let tenths = (value * 10).rounded() / 10
    self = abs(tenths) < 10 ? "\(tenths)" : "\(Int(value.rounded()))"
  }
}
