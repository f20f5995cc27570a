import Graphs
import OrderedCollections
package import Quantization
import Tensors

/// Puts rounding to int8 into a float graph.
package enum Converter {
  /// The QDQ form of `layers` under `resolution`.
  ///
  /// An edge is rounded when the layer that makes it or one that reads it runs in int8; only int8
  /// layers read the rounded value of an edge that a float layer makes.
  ///
  /// - Parameters:
  ///   - edgeParameters: parameters by edge; those of an edge's representative come first.
  ///   - weightParameters: of weights whose maps are not to be chosen from their range, by initializer.
  package static func convert(
    _ layers: LayerGraph, _ resolution: Resolution,
    edgeParameters: [String: QuantizationParameters],
    weightParameters: [String: TensorParameters] = [:]
  ) throws(ConversionError) -> Conversion {
    let chosen = try parameters(of: resolution, layers, edgeParameters)
    let stored = try storedWeights(layers, resolution, chosen, given: weightParameters)
    var writer = ConversionWriter(
      layers: layers, resolution: resolution, parameters: chosen, stored: stored)
    writer.write()
    let graph = writer.assembly.finished()
    return Conversion(
      model: try Self.model(layers.model, with: graph),
      weightParameters: stored.parameters(of: layers),
      edgeParameters: chosen, places: writer.places, int8Layers: resolution.int8Layers,
      operators: writer.operators,
      notes: stored.notes + writer.rewriter.notes,
      sizes: ModelSizes(before: layers.model.graph, after: graph))
  }

  /// `source` with another graph and the opsets that graph needs.
  static func model(
    _ source: Model, with graph: Graph
  ) throws(ConversionError) -> Model {
    var model = source
    model.graph = graph
    model.declareMicrosoftOperators()
    let graphs = graph.everyGraph
    let isBlocked = graphs.contains { graph in
      graph.nodes.contains { $0.is("DequantizeLinear") && $0.int("block_size") != nil }
    }
    let isPacked = graphs.contains { graph in
      graph.initializers.values.contains { $0.tensor.elementType.bitWidth == 4 }
    }
    guard isBlocked || isPacked else { return model }
    do {
      return try model.upgraded(toAtLeast: 21)
    } catch {
      throw .preparation("weights of 4 bits or in groups need opset 21: \(error)")
    }
  }

  /// Parameters of every quantized edge, or an error that names the one without.
  static func parameters(
    of resolution: Resolution, _ layers: LayerGraph,
    _ given: [String: QuantizationParameters]
  ) throws(ConversionError) -> OrderedDictionary<String, QuantizationParameters> {
    var parameters: OrderedDictionary<String, QuantizationParameters> = [:]
    for choice in resolution.edges.values where choice.isQuantized {
      guard let found = given[choice.representative] ?? given[choice.edge] else {
        throw .unobserved(edge: choice.edge, layer: layers.edges[choice.edge]?.producer)
      }
      guard found.range.type.bitWidth == 8 else {
        throw .activationType(edge: choice.edge, type: found.range.type.rawValue)
      }
      parameters[choice.edge] = found
    }
    return parameters
  }

  static func storedWeights(
    _ layers: LayerGraph, _ resolution: Resolution,
    _ parameters: OrderedDictionary<String, QuantizationParameters>,
    given: [String: TensorParameters] = [:]
  ) throws(ConversionError) -> StoredWeights {
    try StoredWeights(layers, resolution, given: given) { layer throws(ConversionError) in
      guard let input = layer.inputs.first, let found = parameters[input] else {
        throw .unobserved(edge: layer.inputs.first ?? "", layer: layer.id)
      }
      return found.scale
    }
  }
}

/// One conversion under way.
private struct ConversionWriter {
  let layers: LayerGraph
  let resolution: Resolution
  let parameters: OrderedDictionary<String, QuantizationParameters>
  var rewriter: LayerRewriter
  var assembly: GraphAssembly
  private(set) var places: [String: EdgePlace] = [:]
  private(set) var operators: [Layer.ID: [String]] = [:]

  init(
    layers: LayerGraph, resolution: Resolution,
    parameters: OrderedDictionary<String, QuantizationParameters>, stored: StoredWeights
  ) {
    self.layers = layers
    self.resolution = resolution
    self.parameters = parameters
    rewriter = LayerRewriter(layers: layers, resolution: resolution, stored: stored)
    assembly = GraphAssembly(layers.model.graph)
    for edge in parameters.keys { places[edge] = place(of: edge) }
  }

  mutating func write() { write(layers.model.graph) }

  private mutating func write(_ graph: Graph) {
    for input in graph.inputs { round(input.name, at: graph) }
    for node in graph.nodes {
      let first = assembly.nodes.count
      defer { record(from: first, layers.layer(containing: node.id)) }
      guard let layer = layers.layer(containing: node.id), layer.stored == nil else {
        // Others may stand between the nodes of a layer that the file has quantized already.
        assembly.add(node.renaming(names(for: node)))
        for output in layers.layer(containing: node.id)?.outputs ?? []
        where node.outputs.contains(output) { round(output, at: graph) }
        continue
      }
      guard isLast(node, of: layer) else { continue }
      if node.attributes.isEmpty || node.subgraphs.isEmpty {
        write(layer)
      } else {
        assembly.add(writingInside(node))
      }
      for output in layer.outputs { round(output, at: graph) }
    }
  }

  /// The node with all that is inside of it converted.
  private mutating func writingInside(_ node: Node) -> Node {
    var attributes = node.attributes
    for name in attributes.keys.sorted() {
      attributes[name] = attributes[name]?.mappingSubgraphs { $0 = written($0) }
    }
    var outside = node
    outside.attributes = [:]
    var converted = outside.renaming(names(for: outside))
    converted.attributes = attributes
    return converted
  }

  /// A graph inside a node, converted. What its int8 layers take from around it is rounded in it,
  /// so that it computes on codes wherever those values come from.
  private mutating func written(_ body: Graph) -> Graph {
    let visible = places
    var outer = assembly
    let names = Dictionary(
      uniqueKeysWithValues: body.freeNames.sorted().compactMap { edge in
        visible[edge].map { (edge, $0.isMadeInInt8 ? $0.dequantized : $0.real) }
      })
    let converted = outer.inside(body) { inner in
      assembly = inner
      for (edge, real) in names.sorted(by: { $0.key < $1.key }) {
        places[edge] = EdgePlace(
          real: real, codes: assembly.claim(edge + "_quantized"),
          dequantized: assembly.claim(edge + "_dequantized"), isMadeInInt8: false)
        round(edge, at: body)
      }
      let before = rewriter.enterInner()
      write(body)
      rewriter.leaveInner(before)
      inner = assembly
    }
    assembly = outer
    for edge in names.keys { places[edge] = visible[edge] }
    return converted
  }

  private mutating func record(from first: Int, _ layer: Layer?) {
    guard let layer, first < assembly.nodes.count else { return }
    operators[layer.id, default: []] += assembly.nodes[first...].map { node in
      let isConstant =
        node.is("DequantizeLinear") && assembly.graph.constant(node.inputs[0]) != nil
      return node.operatorName.name + (isConstant ? " (constant)" : "")
    }
  }

  private mutating func write(_ layer: Layer) {
    let precision = resolution.layers[layer.id]?.precision ?? .float32
    switch precision {
    case .staticInt8: writeOnCodes(layer)
    case .dynamicInt8, .weightOnly:
      var names: [String: String] = [:]
      for node in rewriter.nodes(of: layer) {
        names.merge(self.names(for: node)) { first, _ in first }
      }
      let nodes = rewriter.rewrittenBetweenReals(layer, precision, names: names, in: &assembly)
      for node in nodes { assembly.add(node) }
    case .float32:
      for node in rewriter.nodes(of: layer) {
        assembly.add(node.renaming(names(for: node)))
      }
    }
  }

  private mutating func writeOnCodes(_ layer: Layer) {
    var names: [String: String] = [:]
    for edge in layer.inputs { names[edge] = places[edge]?.dequantized }
    for edge in layer.outputs { names[edge] = places[edge]?.real }
    let nodes = rewriter.rewritten(
      layer, names: names, outputParameters: parameters[layer.output], in: &assembly)
    for node in nodes { assembly.add(node) }
  }

  /// A layer is written where its last node stood, so that all it reads has been made.
  private func isLast(_ node: Node, of layer: Layer) -> Bool { layer.nodes.last == node.id }

  /// Rounds a value in `graph`, if something in that graph makes or reads it in int8.
  private mutating func round(_ edge: String, at graph: Graph) {
    guard let place = places[edge], let parameters = parameters[edge],
      place.isMadeInInt8 || isRead(edge, inInt8At: graph)
    else { return }
    assembly.addRounding(of: place.real, edge: edge, parameters: parameters, to: place)
  }

  private func isRead(_ edge: String, inInt8At graph: Graph) -> Bool {
    layers.edges[edge]?.consumers.contains { id in
      guard let layer = layers[id], resolution.layers[id]?.isInt8 ?? false else { return false }
      return layers.isIn(graph, layer)
    } ?? false
  }

  /// What a node outside int8 layers reads and makes.
  private func names(for node: Node) -> [String: String] {
    var names: [String: String] = [:]
    for value in node.inputs + node.capturedNames {
      guard let place = places[value] else { continue }
      names[value] = place.isMadeInInt8 ? place.dequantized : place.real
    }
    for value in node.outputs { names[value] = places[value]?.real }
    return names
  }

  private func isMadeInInt8(_ edge: String) -> Bool {
    layers.edges[edge]?.producer.flatMap { resolution.layers[$0]?.isInt8 } ?? false
  }

  /// An output of the graph keeps its name: on the rounded value where an int8 layer makes it, on
  /// the exact one otherwise.
  private mutating func place(of edge: String) -> EdgePlace {
    let codes = assembly.claim(edge + "_quantized")
    let isInt8 = isMadeInInt8(edge)
    let keepsName = isInt8 && layers.edges[edge]?.isGraphOutput ?? false
    return EdgePlace(
      real: keepsName ? assembly.claim(edge + "_float") : edge, codes: codes,
      dequantized: keepsName ? edge : assembly.claim(edge + "_dequantized"),
      isMadeInInt8: isInt8)
  }
}

extension ModelSizes {
  init(before: Graph, after: Graph) {
    let before = before.everyGraph.flatMap(\.initializers.values)
    let after = after.everyGraph.flatMap(\.initializers.values)
    floatByteCount = before.reduce(0) { $0 + $1.tensor.byteCount }
    quantizedByteCount = after.reduce(0) { $0 + $1.tensor.byteCount }
    parameterCount = before.reduce(0) {
      $0 + ($1.tensor.elementType == .float32 ? $1.tensor.elementCount : 0)
    }
    quantizedParameterCount = after.reduce(0) {
      $0
        + ($1.tensor.elementType.bitWidth == 8 && $1.tensor.elementCount > 1
          ? $1.tensor.elementCount : 0)
    }
  }
}
