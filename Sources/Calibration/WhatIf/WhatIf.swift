package import Conversion
import Graphs
import OrderedCollections
package import Quantization
import Tensors

/// Answers what another choice would give, from statistics alone.
///
/// Every answer is kept by tensor and scheme, so a change costs what it touches.
package struct WhatIf: Sendable {
  package private(set) var layers: LayerGraph
  package let statistics: CalibrationStatistics
  private var choices: [EdgeKey: Result<RangeChoice, CalibrationError>] = [:]
  private var weights: [WeightKey: Result<WeightPrediction, CalibrationError>] = [:]
  private var weightStatistics: [Layer.ID: Result<WeightStatistics, CalibrationError>] = [:]

  private struct EdgeKey: Hashable {
    let edge: String
    let scheme: TensorScheme
  }

  private struct WeightKey: Hashable {
    let layer: Layer.ID
    let scheme: TensorScheme
  }

  package init(layers: LayerGraph, statistics: CalibrationStatistics) {
    self.layers = layers
    self.statistics = statistics
  }

  /// Takes another grouping of the same model. Answers are kept: edges and layers keep their names.
  package mutating func regroup(_ layers: LayerGraph) { self.layers = layers }

  /// Scale, zero point, clipping and predicted error of one edge.
  package mutating func choice(
    edge: String, scheme: TensorScheme
  ) throws(CalibrationError) -> RangeChoice {
    let key = EdgeKey(edge: edge, scheme: scheme)
    if let known = choices[key] { return try known.get() }
    let result = Self.choice(edge: edge, statistics: statistics.edges[edge], scheme: scheme)
    choices[key] = result
    return try result.get()
  }

  /// Every observer on one edge, side by side; empty when it was never observed.
  package func comparison(edge: String, scheme: TensorScheme) -> [RangeChoice] {
    (try? statistics.edges[edge]?.comparison(scheme)) ?? []
  }

  /// Parameters of everything that `resolution` quantizes, for ``Converter``.
  package mutating func parameters(
    for resolution: Resolution
  ) throws(CalibrationError) -> [String: QuantizationParameters] {
    prepare(resolution)
    var parameters: [String: QuantizationParameters] = [:]
    for edge in resolution.representatives {
      guard let scheme = resolution.edges[edge]?.scheme else { continue }
      parameters[edge] = try choice(edge: edge, scheme: scheme).parameters
    }
    return parameters
  }

  /// The weights of one layer under `scheme`; `nil` when it has none.
  package mutating func weight(
    layer: Layer, scheme: TensorScheme, precision: LayerPrecision = .staticInt8
  ) throws(CalibrationError) -> WeightPrediction? {
    guard let reference = layer.weight else { return nil }
    let key = WeightKey(layer: layer.id, scheme: reference.possible(scheme, for: precision))
    if let known = weights[key] { return try known.get() }
    let statistics = try weightStatistics(of: layer)
    let result = Self.weight(layer, key.scheme, statistics)
    weights[key] = result
    return try result.get()
  }

  /// The distribution of a layer's weights.
  package mutating func weightStatistics(
    of layer: Layer
  ) throws(CalibrationError) -> WeightStatistics {
    if let known = weightStatistics[layer.id] { return try known.get() }
    let result = Self.statistics(of: layer, layers)
    weightStatistics[layer.id] = result
    return try result.get()
  }

  /// What every layer can expect under `resolution`; a layer with nothing to tell is still listed.
  package mutating func predictions(for resolution: Resolution) -> [LayerPrediction] {
    prepare(resolution)
    return layers.layers.map { layer in
      guard let choice = resolution.layers[layer.id], let edge = resolution.edges[layer.output]
      else { return LayerPrediction(layer: layer.id, activation: nil, weight: nil) }
      let activation =
        edge.isQuantized ? try? self.choice(edge: edge.representative, scheme: edge.scheme) : nil
      let weight =
        choice.precision == .float32
        ? nil
        : try? self.weight(
          layer: layer, scheme: choice.qconfig.weight, precision: choice.precision)
      return LayerPrediction(
        layer: layer.id, activation: activation, weight: weight.flatMap { $0 })
    }
  }

  /// Computes what is missing, on all cores.
  private mutating func prepare(_ resolution: Resolution) {
    let edgeKeys = resolution.representatives.compactMap { edge in
      resolution.edges[edge].map { EdgeKey(edge: edge, scheme: $0.scheme) }
    }.filter { choices[$0] == nil }
    let edges = statistics.edges
    let found = concurrentMap(edgeKeys) {
      Self.choice(edge: $0.edge, statistics: edges[$0.edge], scheme: $0.scheme)
    }
    for (key, result) in zip(edgeKeys, found) { choices[key] = result }

    let weightKeys = layers.layers.compactMap { layer -> WeightKey? in
      guard let choice = resolution.layers[layer.id], choice.precision != .float32,
        let reference = layer.weight
      else { return nil }
      return WeightKey(layer: layer.id, scheme: choice.weightScheme(of: reference))
    }.filter { weights[$0] == nil }
    let layers = layers
    let known = weightStatistics
    let predicted = concurrentMap(weightKeys) { key in
      layers[key.layer].map { layer in
        let statistics = known[key.layer] ?? Self.statistics(of: layer, layers)
        return (
          statistics: statistics,
          prediction: statistics.flatMap { Self.weight(layer, key.scheme, $0) }
        )
      }
    }
    for (key, result) in zip(weightKeys, predicted) {
      weightStatistics[key.layer] = result?.statistics
      weights[key] = result?.prediction
    }
  }

  private static func choice(
    edge: String, statistics: TensorStatistics?, scheme: TensorScheme
  ) -> Result<RangeChoice, CalibrationError> {
    guard let statistics, statistics.isObserved || statistics.nonFiniteCount > 0 else {
      return .failure(.unobserved(edge: edge))
    }
    do {
      return .success(try statistics.choice(for: scheme))
    } catch {
      return .failure(.parameters(subject: edge, reason: "\(error)"))
    }
  }

  private static func statistics(
    of layer: Layer, _ layers: LayerGraph
  ) -> Result<WeightStatistics, CalibrationError> {
    guard let reference = layer.weight, let tensor = layers.weightTensor(of: layer) else {
      return .failure(.parameters(subject: layer.id, reason: "it has no weights"))
    }
    do {
      return .success(try WeightStatistics(tensor, axis: reference.channelAxis))
    } catch {
      return .failure(.parameters(subject: layer.id, reason: "\(error)"))
    }
  }

  private static func weight(
    _ layer: Layer, _ scheme: TensorScheme, _ statistics: WeightStatistics
  ) -> Result<WeightPrediction, CalibrationError> {
    do {
      if scheme.groupSize > 0 {
        let grouped = try GroupedWeights(
          statistics.weights, axis: 1 - statistics.axis, scheme: scheme)
        return .success(WeightPrediction(grouped, scheme: scheme))
      }
      let quantized = try statistics.quantized(with: scheme)
      return .success(
        WeightPrediction(
          quantized, scheme: scheme,
          warnings: statistics.warnings(for: scheme, parameters: quantized.parameters)))
    } catch {
      return .failure(.parameters(subject: layer.id, reason: "\(error)"))
    }
  }
}
