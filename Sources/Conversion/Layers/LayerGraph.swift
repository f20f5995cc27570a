package import Graphs
package import OrderedCollections
import Quantization
package import Tensors

/// A model taken apart into layers and the edges between them: what PyTorch calls "prepared".
package struct LayerGraph: Sendable {
  /// The normalised float model; layers speak of its nodes.
  package let model: Model
  /// What preparation folded away.
  package let report: PreparationReport
  /// In model order.
  package let layers: [Layer]
  /// Float values at the boundaries of layers, in model order, graph inputs first.
  package let edges: OrderedDictionary<String, Edge>
  /// Nodes that only compute shapes and indices; no layer holds them.
  package let shapeNodes: [Node.ID]
  /// How many dimensions a value has, where that can be told without running the model.
  let ranks: [String: Int]
  private let positions: [Layer.ID: Int]
  private let owners: [Node.ID: Int]
  /// The model's graph and all inside it.
  let graphs: [Graph]
  /// Which of `graphs` holds a node.
  private let homes: [Node.ID: Int]
  /// The layers with nothing split.
  let whole: [Layer]
  /// Which of `whole` are split into their operators.
  package let split: Set<Layer.ID>

  /// Upgrades and normalises `model`, then groups its nodes.
  ///
  /// - Parameter evaluate: computes nodes whose inputs are all constant, so that shape arithmetic
  ///   over constants disappears.
  package init(model: Model, evaluate: ConstantEvaluator? = nil) throws(ConversionError) {
    let prepared: PreparedModel
    do {
      prepared = try model.prepared(evaluate: evaluate)
    } catch {
      throw .preparation("\(error)")
    }
    self.init(model: prepared.model, report: prepared.report, whole: [], split: [])
  }

  /// Groups the nodes of a prepared model, with a layer for each operator of `split` ones.
  init(model: Model, report: PreparationReport, whole: [Layer], split: Set<Layer.ID>) {
    self.model = model
    self.report = report
    self.split = split
    let facts = ValueFacts(model.graph)
    var grouping = LayerGrouping(
      graph: model.graph, facts: facts, report: report, whole: whole, split: split)
    grouping.run()
    var layers = grouping.layers
    for (position, block) in BlockFinder(layers).blocks() {
      layers[position].block = block
      layers[position].title += " (\(block.title))"
    }
    for position in BlockFinder(layers).residuals() { layers[position].isResidual = true }
    self.layers = layers
    self.whole = split.isEmpty ? layers : whole
    shapeNodes = grouping.shapeNodes
    ranks = facts.ranks
    positions = Dictionary(uniqueKeysWithValues: layers.enumerated().map { ($1.id, $0) })
    var owners: [Node.ID: Int] = [:]
    for (position, layer) in layers.enumerated() {
      for node in layer.nodes { owners[node] = position }
    }
    self.owners = owners
    graphs = model.graph.everyGraph
    var homes: [Node.ID: Int] = [:]
    for (number, graph) in graphs.enumerated() {
      for node in graph.nodes { homes[node.id] = number }
    }
    self.homes = homes
    edges = Self.edges(of: layers, graphs: graphs)
  }

  package subscript(id: Layer.ID) -> Layer? { positions[id].map { layers[$0] } }

  package func layer(containing node: Node.ID) -> Layer? { owners[node].map { layers[$0] } }

  package func layer(producing edge: String) -> Layer? {
    edges[edge]?.producer.flatMap { self[$0] }
  }

  /// Where a layer stands in model order.
  package func position(of id: Layer.ID) -> Int? { positions[id] }

  /// Every edge that some recipe of this grouping would quantize: what a calibration watches.
  package var observedEdges: [String] {
    let touched = touchableEdges
    return edges.keys.filter(touched.contains)
  }

  /// The float weight of a layer, with the constant factor of a Gemm multiplied in.
  package func weightTensor(of layer: Layer) -> Tensor? {
    layer.weight.flatMap { weightTensor($0, of: layer) }
  }

  /// The same for any of its weights.
  package func weightTensor(_ weight: WeightReference, of layer: Layer) -> Tensor? {
    guard let tensor = constant(weight.initializer, of: layer) else { return nil }
    let alpha = node(layer.main)?.float("alpha") ?? 1
    guard layer.operatorType == "Gemm", alpha != 1 else { return tensor }
    return Tensor(tensor.floats.map { $0 * alpha }, shape: tensor.shape)
  }

  /// The float bias of a layer as a vector of its output channels, constant factor included.
  func biasValues(of layer: Layer) -> [Float]? {
    guard let bias = layer.bias, let tensor = constant(bias, of: layer) else { return nil }
    let beta = layer.operatorType == "Gemm" ? node(layer.main)?.float("beta") ?? 1 : 1
    return tensor.floats.map { $0 * beta }
  }

  /// The operators of the file that became a layer, in the order in which they work.
  package func sourceOperators(of layer: Layer) -> [String] {
    layer.nodes.flatMap { id -> [String] in
      let folded = report.sources(of: id)
      func names(_ reasons: [PreparationReport.Reason]) -> [String] {
        folded.filter { reasons.contains($0.reason) }.map(\.operatorName.name)
      }
      return names([.padding]) + [node(id)?.operatorName.name].compactMap(\.self)
        + names([.batchNormalization, .affine])
    }
  }

  func node(_ id: Node.ID) -> Node? { graph(of: id).nodes.first { $0.id == id } }

  /// The graph that holds a node: the model's, or one inside it.
  func graph(of node: Node.ID) -> Graph { graphs[homes[node] ?? 0] }

  func graph(of layer: Layer) -> Graph { graph(of: layer.main) }

  /// A constant where `layer` sees it.
  func constant(_ name: String, of layer: Layer) -> Tensor? { graph(of: layer).constant(name) }

  /// Whether a layer is in `graph` itself, not in a graph inside it.
  func isIn(_ graph: Graph, _ layer: Layer) -> Bool {
    homes[layer.main] == graph.nodes.first.flatMap { homes[$0.id] }
  }

  /// Edges at a layer that some target rounds, and those that pass-through layers connect to one.
  private var touchableEdges: Set<String> {
    var touched: Set<String> = []
    for layer in layers
    where layer.role == .quantizable && layer.precisions.contains(.staticInt8)
      || layer.isRoundedInFloat
    {
      touched.formUnion(layer.inputs)
      touched.formUnion(layer.outputs)
    }
    for layer in layers where layer.role == .passThrough {
      if layer.inputs.contains(where: touched.contains) { touched.formUnion(layer.outputs) }
    }
    for layer in layers.reversed() where layer.role == .passThrough {
      if layer.outputs.contains(where: touched.contains) { touched.formUnion(layer.inputs) }
    }
    return touched
  }

  private static func edges(
    of layers: [Layer], graphs: [Graph]
  ) -> OrderedDictionary<String, Edge> {
    var producers: OrderedDictionary<String, Layer.ID?> = [:]
    var consumers: [String: [Layer.ID]] = [:]
    for input in graphs.flatMap(\.inputs) where input.elementType == .float32 {
      producers[input.name] = .some(nil)
    }
    for layer in layers {
      for output in layer.outputs { producers[output] = layer.id }
      for input in layer.inputs { consumers[input, default: []].append(layer.id) }
    }
    let outputs = Set(graphs.flatMap(\.outputs).map(\.name))
    var edges: OrderedDictionary<String, Edge> = [:]
    for (name, producer) in producers {
      edges[name] = Edge(
        name: name, producer: producer, consumers: consumers[name] ?? [],
        isGraphOutput: outputs.contains(name))
    }
    return edges
  }
}
