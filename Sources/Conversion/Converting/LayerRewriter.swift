import Graphs
import OrderedCollections
import Quantization
import Tensors

/// Writes the nodes of one layer with weights in codes.
struct LayerRewriter {
  let layers: LayerGraph
  let resolution: Resolution
  let stored: StoredWeights
  private let nodesByID: [Node.ID: Node]
  /// Dequantized weights already in the graph, so that tied weights stay tied.
  private var dequantizedWeights: [StoredWeights.Key: String] = [:]
  /// Values that are quantized when the model runs: their codes, scale and zero point.
  var quantizedAtRun: [String: [String]] = [:]
  private(set) var notes: [ConversionNote] = []

  init(layers: LayerGraph, resolution: Resolution, stored: StoredWeights) {
    self.layers = layers
    self.resolution = resolution
    self.stored = stored
    nodesByID = Dictionary(
      uniqueKeysWithValues: layers.graphs.flatMap(\.nodes).map { ($0.id, $0) })
  }

  func nodes(of layer: Layer) -> [Node] { layer.nodes.compactMap { nodesByID[$0] } }

  /// What is codes already in the graph that is written.
  struct KnownCodes {
    fileprivate var weights: [StoredWeights.Key: String] = [:]
    fileprivate var values: [String: [String]] = [:]
  }

  /// Begins with a graph inside a node, where no codes are known.
  mutating func enterInner() -> KnownCodes {
    defer {
      dequantizedWeights = [:]
      quantizedAtRun = [:]
    }
    return KnownCodes(weights: dequantizedWeights, values: quantizedAtRun)
  }

  /// Goes on with the graph around it.
  mutating func leaveInner(_ known: KnownCodes) {
    dequantizedWeights = known.weights
    quantizedAtRun = known.values
  }

  /// The nodes of an int8 layer with codes for weights and without clamps that rounding implies.
  ///
  /// - Parameters:
  ///   - names: new names of values; others keep theirs.
  ///   - outputParameters: how the output will be rounded.
  mutating func rewritten(
    _ layer: Layer, names: [String: String], outputParameters: QuantizationParameters?,
    in assembly: inout GraphAssembly
  ) -> [Node] {
    var nodes = nodes(of: layer)
    storeOperands(of: layer, in: &nodes, &assembly)
    if let outputParameters {
      if roundsClamps(of: layer) {
        roundClamps(of: layer, in: &nodes, parameters: outputParameters, &assembly)
      } else {
        dropClamps(of: layer, from: &nodes, parameters: outputParameters)
      }
    }
    return nodes.map { $0.renaming(names) }
  }

  private mutating func storeOperands(
    of layer: Layer, in nodes: inout [Node], _ assembly: inout GraphAssembly
  ) {
    guard let main = storeWeights(of: layer, in: &nodes, &assembly) else { return }
    nodes[main].attributes["beta"] = nil
    guard let bias = layer.bias, let vector = dequantizedBias(of: layer, &assembly) else { return }
    if !nodes[main].is("MatMul") {
      nodes[main].inputs[2] = vector
    } else if layers.ranks[layer.inputs[0]] == 2, main + 1 < nodes.count {
      // A Gemm adds the bias in the accumulator; MatMul has no place for it.
      nodes[main].operatorName = OperatorName("Gemm")
      nodes[main].inputs.append(vector)
      nodes[main].outputs = nodes[main + 1].outputs
      nodes.remove(at: main + 1)
    } else {
      for position in nodes.indices {
        nodes[position].inputs = nodes[position].inputs.map { $0 == bias ? vector : $0 }
      }
    }
  }

  /// Lets the main node read its weights from codes, and says where it is; `nil` without weights.
  mutating func storeWeights(
    of layer: Layer, in nodes: inout [Node], _ assembly: inout GraphAssembly
  ) -> Int? {
    guard let main = nodes.firstIndex(where: { $0.id == layer.main }) else { return nil }
    var isStored = false
    for reference in layer.weights {
      guard let weight = stored[layer, reference] else { continue }
      nodes[main].inputs[reference.inputIndex] = dequantized(weight, &assembly)
      isStored = true
    }
    guard isStored else { return nil }
    // The factor is in the weights.
    if nodes[main].is("Gemm") { nodes[main].attributes["alpha"] = nil }
    return main
  }

  private mutating func dequantized(
    _ weight: StoredWeights.Weight, _ assembly: inout GraphAssembly
  ) -> String {
    if let name = dequantizedWeights[weight.key] { return name }
    let base = weight.initializer
    let codes = assembly.addConstant(base + "_quantized", weight.codes)
    let scale = assembly.addConstant(base + "_scale", weight.scales)
    let zeroPoint = assembly.addConstant(base + "_zero_point", weight.zeroPoints)
    let name = assembly.claim(base + "_dequantized")
    assembly.add(
      "DequantizeLinear", inputs: [codes, scale, zeroPoint], output: name,
      attributes: weight.attributes)
    dequantizedWeights[weight.key] = name
    return name
  }

  private func dequantizedBias(of layer: Layer, _ assembly: inout GraphAssembly) -> String? {
    guard let bias = stored.biases[layer.id] else { return nil }
    let codes = assembly.addConstant(bias.initializer + "_quantized", bias.codes)
    let scales = assembly.addConstant(bias.initializer + "_scale", bias.scales)
    let zeroPoints = assembly.addConstant(bias.initializer + "_zero_point", bias.zeroPoints)
    let name = assembly.claim(bias.initializer + "_dequantized")
    assembly.add(
      "DequantizeLinear", inputs: [codes, scales, zeroPoints], output: name,
      attributes: bias.isPerChannel ? ["axis": .int(0)] : [:])
    return name
  }

  private func roundsClamps(of layer: Layer) -> Bool {
    resolution.recipe.target.placement == .operators
      && resolution.edges[layer.output]?.scheme.symmetry == .symmetric
  }

  /// Rounds what trailing clamps read with the map of the layer's output.
  private func roundClamps(
    of layer: Layer, in nodes: inout [Node], parameters: QuantizationParameters,
    _ assembly: inout GraphAssembly
  ) {
    var position = nodes.count - 1
    while position > 0, nodes[position].id != layer.main,
      Clamp(node: nodes[position], graph: layers.graph(of: layer)) != nil
    {
      let value = nodes[position].inputs[0]
      let place = EdgePlace(
        real: value, codes: assembly.claim(value + "_quantized"),
        dequantized: assembly.claim(value + "_dequantized"), isMadeInInt8: true)
      nodes[position].inputs[0] = place.dequantized
      nodes.insert(
        contentsOf: assembly.rounding(of: value, edge: value, parameters: parameters, to: place),
        at: position)
      position -= 1
    }
  }

  /// Takes away trailing clamps, as long as rounding clamps at the same values.
  private mutating func dropClamps(
    of layer: Layer, from nodes: inout [Node], parameters: QuantizationParameters
  ) {
    while nodes.count > 1, let last = nodes.last,
      let clamp = Clamp(node: last, graph: layers.graph(of: layer)), last.id != layer.main
    {
      let name = last.name.isEmpty ? last.operatorName.name : last.name
      guard clamp.isImplied(by: parameters) else {
        notes.append(.clampKept(layer: layer.id, node: name))
        return
      }
      notes.append(.clampRemoved(layer: layer.id, node: name))
      nodes.removeLast()
      nodes[nodes.count - 1].outputs = last.outputs
    }
  }
}

extension Node {
  /// The same node with values renamed, in subgraphs too.
  func renaming(_ names: [String: String]) -> Node {
    guard !names.isEmpty else { return self }
    var node = self
    node.inputs = inputs.map { names[$0] ?? $0 }
    node.outputs = outputs.map { names[$0] ?? $0 }
    for captured in capturedNames {
      guard let name = names[captured] else { continue }
      node.attributes = node.attributes.mapValues { $0.renamingUses(of: captured, to: name) }
    }
    return node
  }
}

extension Attribute {
  fileprivate func renamingUses(of old: String, to new: String) -> Attribute {
    switch self {
    case .graph(var graph):
      graph.renameUses(of: old, to: new)
      return .graph(graph)
    case .graphs(let graphs):
      return .graphs(
        graphs.map { graph in
          var graph = graph
          graph.renameUses(of: old, to: new)
          return graph
        })
    default: return self
    }
  }
}
