import Calibration
package import Conversion
import OrderedCollections
package import Quantization

extension Analysis {
  /// What a layer reads and makes: codes or reals, and what turns one into the other.
  mutating func boundaries(
    of layer: Layer, _ resolution: Resolution
  ) -> [LayerDetail.Boundary] {
    guard let choice = resolution.layers[layer.id], layer.stored == nil else { return [] }
    let inputs = layer.inputs.map { boundary($0, isInput: true, choice, resolution) }
    return inputs + layer.outputs.map { boundary($0, isInput: false, choice, resolution) }
  }

  private mutating func boundary(
    _ name: String, isInput: Bool, _ layer: Resolution.LayerChoice, _ resolution: Resolution
  ) -> LayerDetail.Boundary {
    var boundary = LayerDetail.Boundary(edge: name, isInput: isInput, form: .real)
    guard let edge = resolution.edges[name] else { return boundary }
    if layer.isInt8, edge.isQuantized {
      boundary.form = .codes(type: edge.scheme.type.rawValue)
      boundary.range = (try? whatIf.choice(edge: edge.representative, scheme: edge.scheme)).map(
        RangeSummary.init)
    }
    boundary.note = note(on: edge, isInput: isInput, isInCodes: boundary.form != .real, resolution)
    return boundary
  }

  private func note(
    on edge: Resolution.EdgeChoice, isInput: Bool, isInCodes: Bool, _ resolution: Resolution
  ) -> String {
    let producer = layers.edges[edge.edge]?.producer
    let isMadeInCodes = producer.flatMap { resolution.layers[$0]?.isInt8 } ?? false
    if let rule = edge.ruleForReal { return "kept real for its readers, from \(rule)" }
    switch (isInput, isInCodes) {
    case (true, true):
      return isMadeInCodes
        ? "" : producer == nil ? "input of the model, rounded" : "made in float, rounded for it"
    case (true, false): return isMadeInCodes ? "made in codes, read as reals" : ""
    case (false, false): return edge.isQuantized ? "rounded for readers on codes" : ""
    case (false, true):
      let readers = layers.edges[edge.edge]?.consumers ?? []
      let onCodes = readers.count { resolution.layers[$0]?.isInt8 ?? false }
      if readers.isEmpty { return "output of the model, made real" }
      return onCodes == readers.count
        ? "" : "\(readers.count - onCodes) of \(readers.count) readers take reals"
    }
  }

  /// What conversion under `recipe` writes for a layer.
  package mutating func outline(_ id: Layer.ID, _ recipe: Recipe) -> LayerOutline {
    do {
      return LayerOutline(layer: id, operators: try operators(recipe)[id] ?? [])
    } catch {
      return LayerOutline(layer: id, problem: "\(error)")
    }
  }

  /// Layer by layer in model order: the operators of the file, and those that conversion writes.
  package mutating func outlines(
    _ recipe: Recipe
  ) throws -> [(layer: String, before: [String], after: [String])] {
    let written = try operators(recipe)
    return layers.layers.map { ($0.id, layers.sourceOperators(of: $0), written[$0.id] ?? []) }
  }
}
