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
    var writer = LocalErrorWriter(
      layers: layers, resolution: resolution, parameters: chosen,
      rewriter: LayerRewriter(layers: layers, resolution: resolution, stored: stored))
    var assembly = GraphAssembly(layers.model.graph)
    writer.write(layers.model.graph, to: &assembly)
    model = try Converter.model(layers.model, with: assembly.finished())
    pairs = writer.pairs
  }
}

private struct LocalErrorWriter {
  let layers: LayerGraph
  let resolution: Resolution
  let parameters: OrderedDictionary<String, QuantizationParameters>
  var rewriter: LayerRewriter
  private(set) var pairs: [LocalErrorModel.Pair] = []
  /// Rounded inputs of layers, in the graph that is written.
  private var rounded: [String: String] = [:]

  init(
    layers: LayerGraph, resolution: Resolution,
    parameters: OrderedDictionary<String, QuantizationParameters>, rewriter: LayerRewriter
  ) {
    self.layers = layers
    self.resolution = resolution
    self.parameters = parameters
    self.rewriter = rewriter
  }

  mutating func write(_ graph: Graph, to assembly: inout GraphAssembly) {
    for node in graph.nodes {
      assembly.add(writingInside(node, &assembly))
      guard let layer = layers.layer(containing: node.id), layer.nodes.last == node.id,
        layer.role == .quantizable, let precision = resolution.layers[layer.id]?.precision,
        precision != .float32
      else { continue }
      addCopy(of: layer, precision, to: &assembly)
    }
  }

  private mutating func writingInside(_ node: Node, _ assembly: inout GraphAssembly) -> Node {
    guard !node.attributes.isEmpty, !node.subgraphs.isEmpty else { return node }
    var node = node
    for name in node.attributes.keys.sorted() {
      node.attributes[name] = node.attributes[name]?.mappingSubgraphs { body in
        let known = rewriter.enterInner()
        let outside = rounded
        rounded = [:]
        body = assembly.inside(body) { write(body, to: &$0) }
        rounded = outside
        rewriter.leaveInner(known)
      }
    }
    return node
  }

  private mutating func addCopy(
    of layer: Layer, _ precision: LayerPrecision, to assembly: inout GraphAssembly
  ) {
    var names: [String: String] = [:]
    for edge in layer.inputs where precision == .staticInt8 {
      if rounded[edge] == nil { rounded[edge] = round(edge, as: edge, in: &assembly) }
      names[edge] = rounded[edge]
    }
    for value in rewriter.nodes(of: layer).flatMap(\.outputs) where !value.isEmpty {
      names[value] = assembly.claim(value + "_local")
    }
    guard precision == .staticInt8 else {
      let copies = rewriter.rewrittenBetweenReals(layer, precision, names: names, in: &assembly)
      for copy in copies { assembly.addCopy(copy) }
      if let made = names[layer.output] { add(layer, made) }
      return
    }
    let copies = rewriter.rewritten(
      layer, names: names, outputParameters: parameters[layer.output], in: &assembly)
    for copy in copies { assembly.addCopy(copy) }
    if let made = names[layer.output],
      let local = round(made, as: layer.output, in: &assembly)
    {
      add(layer, local)
    }
  }

  private mutating func add(_ layer: Layer, _ quantized: String) {
    pairs.append(
      LocalErrorModel.Pair(layer: layer.id, reference: layer.output, quantized: quantized))
  }

  private func round(
    _ real: String, as edge: String, in assembly: inout GraphAssembly
  ) -> String? {
    guard let parameters = parameters[edge] else { return nil }
    let place = EdgePlace(
      real: real, codes: assembly.claim(real + "_quantized"),
      dequantized: assembly.claim(real + "_dequantized"), isMadeInInt8: false)
    assembly.addRounding(of: real, edge: real, parameters: parameters, to: place)
    return place.dequantized
  }
}
