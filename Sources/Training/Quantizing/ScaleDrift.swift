internal import Conversion
internal import Kernels
internal import OrderedCollections

/// How far the scales of one layer have moved while its model was trained.
package struct ScaleDrift: Hashable, Sendable {
  package var layer: String
  /// Largest change of a scale of its weights, relative to the scale before: 0.1 is a tenth more.
  package var weight: Double?
  /// Change of the scale of what it makes.
  package var activation: Double?
}

extension Rounding {
  /// In model order, layers with scales that can move.
  /// - Parameter first: scales of `modules` before training.
  func drift(from first: [[Float]], modules: [FakeQuantizationModule]) -> [ScaleDrift] {
    guard first.count == modules.count else { return [] }
    let before = Dictionary(
      zip(modules, first).map { (ObjectIdentifier($0), $1) }, uniquingKeysWith: { one, _ in one })
    func drift(_ module: FakeQuantizationModule?) -> Double? {
      guard let module, let old = before[ObjectIdentifier(module)], old.count == module.maps.count
      else { return nil }
      return zip(old, module.maps).map { Double($1.scale) / Double($0) - 1 }
        .filter(\.isFinite).max { abs($0) < abs($1) }
    }
    return layerList.compactMap { layer in
      let weight = (weights[layer.id] ?? [:]).values.compactMap { drift($0) }
        .max { abs($0) < abs($1) }
      let activation = drift(edgeModule(of: layer.output))
      guard weight != nil || activation != nil else { return nil }
      return ScaleDrift(layer: layer.id, weight: weight, activation: activation)
    }
  }
}
