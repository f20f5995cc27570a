package import Graphs
import OrderedCollections
package import Quantization

/// The float model with, beside every int8 layer, a quantized copy that reads the float inputs.
///
/// One run gives the error that each layer makes by itself.
package struct LocalErrorModel: Sendable {
  package struct Pair: Sendable, Hashable {
    package let layer: Layer.ID
    /// The layer's output in float.
    package let reference: String
    /// The same with inputs, weights and output rounded.
    package let quantized: String
  }

  package let model: Model
  /// In model order; layers that only move values are left out, as they make no error.
  package let pairs: [Pair]

  /// - Parameter edgeParameters: as for ``Converter/convert(_:_:edgeParameters:)``.
  package init(
    _ layers: LayerGraph, _ resolution: Resolution,
    edgeParameters: [String: QuantizationParameters]
  ) throws(ConversionError) {
    let chosen = try Converter.parameters(of: resolution, layers, edgeParameters)
    let stored = try Converter.storedWeights(layers, resolution, chosen)
    var rewriter = LayerRewriter(layers: layers, resolution: resolution, stored: stored)
    var assembly = GraphAssembly(layers.model.graph)
    var rounded: [String: String] = [:]
    var pairs: [Pair] = []

    func round(_ real: String, as edge: String) -> String? {
      guard let parameters = chosen[edge] else { return nil }
      let place = EdgePlace(
        real: real, codes: assembly.claim(real + "_quantized"),
        dequantized: assembly.claim(real + "_dequantized"), isMadeInInt8: false)
      assembly.addRounding(of: real, edge: real, parameters: parameters, to: place)
      return place.dequantized
    }

    for node in layers.model.graph.nodes {
      assembly.add(node)
      guard let layer = layers.layer(containing: node.id), layer.nodes.last == node.id,
        layer.role == .quantizable, let precision = resolution.layers[layer.id]?.precision,
        precision != .float32
      else { continue }
      var names: [String: String] = [:]
      for edge in layer.inputs where precision == .staticInt8 {
        if rounded[edge] == nil { rounded[edge] = round(edge, as: edge) }
        names[edge] = rounded[edge]
      }
      for value in rewriter.nodes(of: layer).flatMap(\.outputs) where !value.isEmpty {
        names[value] = assembly.claim(value + "_local")
      }
      guard precision == .staticInt8 else {
        let copies = rewriter.rewrittenBetweenReals(layer, precision, names: names, in: &assembly)
        for copy in copies { assembly.addCopy(copy) }
        if let made = names[layer.output] {
          pairs.append(Pair(layer: layer.id, reference: layer.output, quantized: made))
        }
        continue
      }
      let copies = rewriter.rewritten(
        layer, names: names, outputParameters: chosen[layer.output], in: &assembly)
      for copy in copies { assembly.addCopy(copy) }
      if let made = names[layer.output], let local = round(made, as: layer.output) {
        pairs.append(Pair(layer: layer.id, reference: layer.output, quantized: local))
      }
    }
    model = try Converter.model(layers.model, with: assembly.finished())
    self.pairs = pairs
  }
}
