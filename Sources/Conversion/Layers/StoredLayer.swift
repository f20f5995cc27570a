import Graphs
import Tensors

/// Nodes of a file that are one layer, quantized already.
struct StoredLayer {
  var nodes: [Node]
  var main: Node
  /// What it makes for others: real values, or codes that operators on codes read.
  var outputs: [String]
  /// What it reads of others besides real values.
  var codeInputs: [String] = []
  var names: [String]
  var quantization: StoredQuantization
  /// Elements of the constants that stand for weights and biases.
  var parameterCount = 0
}

/// Finds the layers of a graph that are quantized already.
struct StoredLayers {
  private let graph: Graph
  private let index: GraphIndex
  private(set) var layers: [StoredLayer] = []
  /// The place in `layers` of every node that belongs to one.
  private(set) var owners: [Node.ID: Int] = [:]
  /// The meaning of codes that are made so far.
  private var maps: [String: StoredQuantization.Map?] = [:]

  init(_ graph: Graph, _ index: GraphIndex) {
    self.graph = graph
    self.index = index
    guard graph.nodes.contains(where: { $0.computesOnCodes || $0.isPackedProduct }) else { return }
    for node in graph.nodes where owners[node.id] == nil {
      guard
        let layer = onCodes(node) ?? dynamic(node) ?? packed(node) ?? betweenQuantizers(node)
          ?? moving(node) ?? rounding(node)
      else { continue }
      add(layer)
    }
    // Reals that no operator on codes took.
    for node in graph.nodes where owners[node.id] == nil {
      if let layer = realizing(node) { add(layer) }
    }
  }

  private mutating func add(_ layer: StoredLayer) {
    for node in layer.nodes { owners[node.id] = layers.count }
    layers.append(layer)
  }

  // Operators on codes.

  /// QLinearConv and its kin; `nil` for others.
  private mutating func onCodes(_ node: Node) -> StoredLayer? {
    guard node.isOnCodes, let output = node.outputs.first, !output.isEmpty else { return nil }
    let places = CodePlaces(node)
    var quantization = StoredQuantization(format: .qoperator)
    if let scale = places.outputScale {
      quantization.output = map(scale: node.input(scale), zeroPoint: node.input(scale + 1))
    } else if node.operatorName.name == "NhwcMaxPool" {
      quantization.output = node.input(0).flatMap { maps[$0] } ?? nil
    }
    if let first = places.weights {
      quantization.weights = weights(
        codes: node.input(first), scale: node.input(first + 1), blockSize: nil)
    }
    maps[output] = .some(quantization.output)
    let bias = places.bias.flatMap { node.input($0) }.flatMap { graph.constant($0)?.elementCount }
    return StoredLayer(
      nodes: [node], main: node, outputs: [output],
      codeInputs: places.inputs.compactMap { node.input($0) }.filter {
        graph.constant($0) == nil
      },
      names: [node.operatorName.name], quantization: quantization,
      parameterCount: (quantization.weights?.elementCount ?? 0) + (bias ?? 0))
  }

  /// Standard operators between operators on codes.
  private mutating func moving(_ node: Node) -> StoredLayer? {
    guard node.operatorName.domain.isEmpty, let input = node.input(0), let map = maps[input],
      !node.computesOnCodes,
      OperatorTraits.moving.contains(node.operatorName.name)
        || ["Relu", "Clip", "Pad", "Resize"].contains(node.operatorName.name)
    else { return nil }
    for output in node.outputs { maps[output] = .some(map) }
    return StoredLayer(
      nodes: [node], main: node, outputs: node.outputs.filter { !$0.isEmpty },
      codeInputs: node.inputs.filter { maps[$0] != nil }, names: [node.operatorName.name],
      quantization: StoredQuantization(format: .qoperator, output: map))
  }

  // Dynamic quantization and packed weights.

  private func dynamic(_ node: Node) -> StoredLayer? {
    let name = node.operatorName.name
    guard node.computesOnCodes,
      [
        "MatMulInteger", "ConvInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul",
        "DynamicQuantizeLSTM", "DynamicQuantizeLinear",
      ].contains(name)
    else { return nil }
    var nodes = [node]
    var names = [name]
    var value = node.outputs.first ?? ""
    // The accumulators become real by a cast and a scale; a bias may follow.
    let behind = name.hasSuffix("Integer") ? ["Cast", "Mul", "Add"] : []
    for expected in behind {
      guard let next = index.soleConsumer(of: value), next.is(expected) else { break }
      if expected == "Mul" { nodes += scaleProduct(next, besides: value) }
      nodes.append(next)
      value = next.outputs[0]
      names.append(expected)
    }
    let outputs =
      name == "DynamicQuantizeLinear" ? node.outputs.filter { !$0.isEmpty } : [value]
    let codes = ["DynamicQuantizeMatMul", "MatMulInteger", "ConvInteger", "MatMulIntegerToFloat"]
    let stored = codes.contains(name) ? node.input(1).flatMap { graph.constant($0) } : nil
    return StoredLayer(
      nodes: nodes, main: node, outputs: outputs, names: names,
      quantization: StoredQuantization(
        format: .dynamic, isBoundary: name == "DynamicQuantizeLinear",
        weights: stored.map { codes in
          let scales = nodes.flatMap(\.inputs).compactMap { graph.constant($0) }
            .first { $0.elementType == .float32 && $0.elementCount > 0 }
          return StoredQuantization.Weights(codes, scales: scales, blockSize: nil)
        }), parameterCount: stored?.elementCount ?? 0)
  }

  /// The multiplication of the input's scale by the weights' that makes a factor of `node`.
  private func scaleProduct(_ node: Node, besides value: String) -> [Node] {
    guard let factor = node.inputs.first(where: { $0 != value }),
      let producer = index.producer(of: factor), producer.is("Mul"),
      index.soleConsumer(of: factor) != nil
    else { return [] }
    return [producer]
  }

  private func packed(_ node: Node) -> StoredLayer? {
    guard node.isPackedProduct, let codes = node.input(1).flatMap({ graph.constant($0) }),
      let depth = node.int("K"), let columns = node.int("N"), let output = node.outputs.first,
      let count = Shape([Int(clamping: depth), Int(clamping: columns)]).checkedElementCount
    else { return nil }
    let scales = node.input(2).flatMap { graph.constant($0) }
    let bits = node.int("bits") ?? 4
    let weights = StoredQuantization.Weights(
      type: bits == 4 ? .uint4 : .uint8, elementCount: count,
      shape: [Int(clamping: depth), Int(clamping: columns)],
      scaleCount: scales?.elementCount ?? codes.shape.dimensions.prefix(2).reduce(1, *),
      blockSize: Int(clamping: node.int("block_size") ?? 0), scales: scales.range)
    return StoredLayer(
      nodes: [node], main: node, outputs: [output], names: [node.operatorName.name],
      quantization: StoredQuantization(format: .weightOnly, weights: weights),
      parameterCount: weights.elementCount)
  }

  // Quantizers around float operators.

  /// Operators all of whose inputs are values of the same kind.
  private static let symmetric: Set<String> = [
    "Add", "Sub", "Mul", "Div", "MatMul", "Concat", "Min", "Max", "Sum", "Where",
  ]

  /// An operator that reads what dequantizers make, and its quantizer; or one whose weights are
  /// stored as codes.
  private mutating func betweenQuantizers(_ node: Node) -> StoredLayer? {
    guard !node.computesOnCodes, node.operatorName.domain.isEmpty, node.outputs.count >= 1 else {
      return nil
    }
    var dequantizers: [Node] = []
    var readsCodes = false
    var readsReals = false
    for (position, input) in node.inputs.enumerated() where !input.isEmpty {
      if let producer = index.producer(of: input), producer.isDequantizer {
        if graph.constant(producer.inputs[0]) == nil {
          readsCodes = true
        } else {
          dequantizers.append(producer)
        }
      } else if graph.constant(input) == nil {
        let isOperand = position == 0 || Self.symmetric.contains(node.operatorName.name)
        readsReals = readsReals || isOperand
      }
    }
    guard readsCodes != readsReals, readsCodes || !dequantizers.isEmpty else { return nil }
    var layer = StoredLayer(
      nodes: dequantizers.filter { owners[$0.id] == nil } + [node], main: node,
      outputs: node.outputs.filter { !$0.isEmpty }, names: [node.operatorName.name],
      quantization: StoredQuantization(format: readsCodes ? .qdq : .weightOnly))
    for dequantizer in dequantizers where layer.quantization.weights == nil {
      let rank = graph.constant(dequantizer.inputs[0])?.shape.rank ?? 0
      if rank >= 2 || node.is("Gather") { layer.quantization.weights = weights(of: dequantizer) }
    }
    for dequantizer in dequantizers {
      layer.parameterCount += graph.constant(dequantizer.inputs[0])?.elementCount ?? 0
    }
    if readsCodes, let chain = quantizer(behind: node) {
      layer.nodes += chain
      layer.names += chain.dropLast().map(\.operatorName.name)
      if let last = chain.last { takeRounding(last, into: &layer) }
      return layer
    }
    return layer.quantization.weights == nil ? nil : layer
  }

  /// Clamps and functions behind `node`, and the quantizer that alone reads what they make.
  private func quantizer(behind node: Node) -> [Node]? {
    guard node.outputs.filter({ !$0.isEmpty }).count == 1 else { return nil }
    var value = node.outputs[0]
    var chain: [Node] = []
    while let next = index.soleConsumer(of: value), next.inputs.first == value {
      chain.append(next)
      if next.isQuantizer { return chain }
      guard next.operatorName.domain.isEmpty,
        OperatorTraits.pointwise.contains(next.operatorName.name)
      else { return nil }
      value = next.outputs[0]
    }
    return nil
  }

  /// A quantizer's map, and the dequantizers of its codes, become part of the layer.
  private mutating func takeRounding(_ quantizer: Node, into layer: inout StoredLayer) {
    guard let codes = quantizer.outputs.first, !codes.isEmpty else { return }
    let map = map(scale: quantizer.input(1), zeroPoint: quantizer.input(2))
    layer.quantization.output = map
    maps[codes] = .some(map)
    let readers = index.consumers(of: codes)
    let dequantizers = readers.filter { $0.isDequantizer && owners[$0.id] == nil }
    layer.nodes += dequantizers
    layer.outputs = dequantizers.map { $0.outputs[0] }
    if layer.outputs.isEmpty || readers.count > dequantizers.count || index.isGraphOutput(codes) {
      layer.outputs.append(codes)
    }
  }

  private mutating func rounding(_ node: Node) -> StoredLayer? {
    guard node.isQuantizer else { return nil }
    var layer = StoredLayer(
      nodes: [node], main: node, outputs: [], names: ["QuantizeLinear"],
      quantization: StoredQuantization(format: .qdq, isBoundary: true))
    takeRounding(node, into: &layer)
    return layer.outputs.isEmpty ? nil : layer
  }

  private func realizing(_ node: Node) -> StoredLayer? {
    guard node.isDequantizer else { return nil }
    let isConstant = graph.constant(node.inputs[0]) != nil
    return StoredLayer(
      nodes: [node], main: node, outputs: [node.outputs[0]],
      codeInputs: isConstant ? [] : [node.inputs[0]], names: ["DequantizeLinear"],
      quantization: StoredQuantization(
        format: isConstant ? .weightOnly : .qdq, isBoundary: true,
        output: isConstant ? nil : map(scale: node.input(1), zeroPoint: node.input(2)),
        weights: isConstant ? weights(of: node) : nil))
  }

  // Constants.

  private func map(scale: String?, zeroPoint: String?) -> StoredQuantization.Map? {
    guard let scale = scale.flatMap({ graph.constant($0) }), scale.elementType == .float32,
      scale.elementCount == 1
    else { return nil }
    let zero = zeroPoint.flatMap { graph.constant($0) }
    return StoredQuantization.Map(
      type: zero?.elementType ?? .uint8, scale: scale.floats[0],
      zeroPoint: zero?.codes?.first ?? 0)
  }

  private func weights(of dequantizer: Node) -> StoredQuantization.Weights? {
    let block = Int(clamping: dequantizer.int("block_size") ?? 0)
    return weights(
      codes: dequantizer.input(0), scale: dequantizer.input(1), blockSize: block > 0 ? block : nil)
  }

  private func weights(
    codes: String?, scale: String?, blockSize: Int?
  ) -> StoredQuantization.Weights? {
    guard let codes = codes.flatMap({ graph.constant($0) }) else { return nil }
    return StoredQuantization.Weights(
      codes, scales: scale.flatMap { graph.constant($0) }, blockSize: blockSize)
  }
}

extension StoredQuantization.Weights {
  fileprivate init(_ codes: Tensor, scales: Tensor?, blockSize: Int?) {
    self.init(
      type: codes.elementType, elementCount: codes.elementCount, shape: codes.shape,
      scaleCount: scales?.elementCount ?? 1, blockSize: blockSize, scales: scales.range)
  }
}

extension Tensor? {
  /// From the least to the greatest of some scales.
  fileprivate var range: ClosedRange<Float> {
    guard let self, self.elementType == .float32 else { return 0...0 }
    let finite = self.floats.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return 0...0 }
    return low...high
  }
}

extension Node {
  fileprivate var isQuantizer: Bool { computesOnCodes && operatorName.name == "QuantizeLinear" }
  fileprivate var isDequantizer: Bool {
    computesOnCodes && operatorName.name == "DequantizeLinear" && input(0) != nil
      && !(outputs.first ?? "").isEmpty
  }
  fileprivate var isPackedProduct: Bool {
    operatorName == OperatorName("MatMulNBits", domain: "com.microsoft")
  }
}
