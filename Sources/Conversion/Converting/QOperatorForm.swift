package import Graphs
package import OrderedCollections
import Quantization
import Tensors

/// How a converted model says what runs on codes.
package enum ExportFormat: String, CaseIterable, Sendable {
  /// QuantizeLinear and DequantizeLinear around float operators.
  case qdq
  /// Operators on codes where ONNX Runtime has one, QuantizeLinear and DequantizeLinear elsewhere.
  case qoperator
}

extension Conversion {
  package func model(in format: ExportFormat) -> Model {
    switch format {
    case .qdq: model
    case .qoperator: QOperatorForm(model).model
    }
  }
}

/// A converted model with operators on codes (QLinearConv and its kin) in place of every
/// DequantizeLinear → operator → QuantizeLinear for which ONNX Runtime has one.
///
/// What has none keeps its QuantizeLinear and DequantizeLinear. Codes keep their names.
package struct QOperatorForm {
  package private(set) var model: Model
  /// How many operators work on codes now, by ONNX name.
  package private(set) var counts: OrderedDictionary<String, Int> = [:]

  static let microsoft = "com.microsoft"

  package init(_ source: Model) {
    model = source
    var assembly = GraphAssembly(source.graph)
    write(source.graph, ValueFacts(source.graph), to: &assembly)
    model.graph = assembly.finished()
    model.graph.dropUnused()
    model.declareMicrosoftOperators()
  }

  private mutating func write(
    _ graph: Graph, _ facts: ValueFacts, to assembly: inout GraphAssembly
  ) {
    let reader = CodeReader(graph: graph, index: GraphIndex(graph), facts: facts)
    var absorbed: Set<Node.ID> = []
    for node in graph.nodes where !absorbed.contains(node.id) {
      guard let operation = CodeOperator(node, reader) else {
        assembly.add(writingInside(node, facts, &assembly))
        continue
      }
      absorbed.formUnion(operation.absorbed)
      counts[operation.name.name, default: 0] += 1
      operation.write(to: &assembly)
    }
  }

  private mutating func writingInside(
    _ node: Node, _ facts: ValueFacts, _ assembly: inout GraphAssembly
  ) -> Node {
    guard let inner = facts.inner[node.id] else { return node }
    var node = node
    var position = 0
    for name in node.attributes.keys.sorted() {
      node.attributes[name] = node.attributes[name]?.mappingSubgraphs { body in
        body = assembly.inside(body) { write(body, inner[position], to: &$0) }
        body.dropUnused()
        position += 1
      }
    }
    return node
  }
}

extension Model {
  /// Names the opset of ONNX Runtime's own operators, where the graph has any.
  mutating func declareMicrosoftOperators() {
    let isUsed = graph.everyGraph.contains { graph in
      graph.nodes.contains { $0.operatorName.domain == QOperatorForm.microsoft }
    }
    if isUsed { opsets[QOperatorForm.microsoft] = 1 }
  }
}

extension Graph {
  fileprivate mutating func dropUnused() {
    var report = PreparationReport()
    eliminateDeadNodes(recording: &report)
    eliminateUnusedInitializers()
  }
}

/// Codes of a real value, and by which constants they stand for it.
struct CodedValue {
  let codes: String
  let scale: String
  let zeroPoint: String
  let parameters: QuantizationParameters

  /// Codes, scale and zero point as operators on codes take them.
  var operands: [String] { [codes, scale, zeroPoint] }

  func means(theSameAs other: CodedValue) -> Bool { parameters == other.parameters }
}

/// Finds what a graph says about codes around an operator.
struct CodeReader {
  let graph: Graph
  let index: GraphIndex
  let facts: ValueFacts

  /// The codes behind a real value that a dequantizer makes with one scale.
  func source(of real: String) -> CodedValue? {
    guard let node = index.producer(of: real), node.is("DequantizeLinear") else { return nil }
    return codedValue(node, codes: node.inputs[0])
  }

  /// The constant that a dequantizer makes real, which may have several scales along one axis.
  func stored(
    _ real: String?, axis: Int?
  ) -> (codes: String, scale: String, zeroPoint: String?)? {
    guard let real, let node = index.producer(of: real), node.is("DequantizeLinear"),
      node.inputs.count > 1, graph.constant(node.inputs[0]) != nil,
      let scale = graph.constant(node.inputs[1]),
      node.int("block_size") ?? 0 == 0
    else { return nil }
    let rank = graph.constant(node.inputs[0])?.shape.rank ?? 0
    let along = Int(clamping: node.int("axis") ?? 1)
    guard scale.elementCount == 1 || axis == nil || (along < 0 ? along + rank : along) == axis
    else { return nil }
    return (node.inputs[0], node.inputs[1], node.input(2))
  }

  /// Whether a constant holds nothing but zeros.
  func isZero(_ constant: String) -> Bool {
    graph.constant(constant)?.codes?.allSatisfy { $0 == 0 } ?? false
  }

  /// Where a real value goes: through clamps into one quantizer, and nowhere else.
  func target(of real: String) -> (value: CodedValue, clamps: [Clamp], nodes: [Node.ID])? {
    var name = real
    var clamps: [Clamp] = []
    var nodes: [Node.ID] = []
    while let next = index.soleConsumer(of: name), next.inputs[0] == name {
      nodes.append(next.id)
      if next.is("QuantizeLinear") {
        guard let value = codedValue(next, codes: next.outputs[0]) else { return nil }
        return (value, clamps, nodes)
      }
      guard let clamp = Clamp(node: next, graph: graph) else { return nil }
      clamps.append(clamp)
      name = next.outputs[0]
    }
    return nil
  }

  private func codedValue(_ node: Node, codes: String) -> CodedValue? {
    guard node.inputs.count > 2, let scale = graph.constant(node.inputs[1]),
      let zeroPoint = graph.constant(node.inputs[2]), scale.elementType == .float32,
      scale.elementCount == 1, zeroPoint.elementCount == 1, let zero = zeroPoint.codes?.first
    else { return nil }
    let type: QuantizedType
    switch zeroPoint.elementType {
    case .uint8: type = .quint8
    case .int8: type = .qint8
    default: return nil
    }
    return CodedValue(
      codes: codes, scale: node.inputs[1], zeroPoint: node.inputs[2],
      parameters: QuantizationParameters(
        scale: scale.floats[0], zeroPoint: zero, range: type.fullRange))
  }
}
