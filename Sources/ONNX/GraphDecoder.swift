internal import Foundation
internal import Graphs
internal import OrderedCollections
internal import SwiftProtobuf
internal import Tensors

/// Turns protobuf graphs into `Graph`. Whatever `Graph` has no place for is kept, encoded, in the
/// `unknownFields` of the nearest thing that has.
struct GraphDecoder {
  private(set) var notes: [String] = []
  private var tensors: TensorDecoder

  init(folder: String?) { tensors = TensorDecoder(folder: folder) }

  /// The graph in the file's order, not yet validated. Empties `proto` on the way, so that weights
  /// are not in memory twice.
  mutating func graph(_ proto: inout ProtoGraph, depth: Int) throws(ImportError) -> Graph {
    var graph = Graph(name: proto.name, documentation: proto.docString)
    var initializers = proto.initializer
    proto.initializer = []
    for index in initializers.indices {
      let source = initializers[index]
      initializers[index] = ProtoTensor()
      guard graph.initializers[source.name] == nil else {
        throw .invalidTensor(name: source.name, reason: "is stored twice")
      }
      graph.initializers[source.name] = try tensors.initializer(source)
    }
    for input in proto.input { graph.inputs.append(try declaration(input)) }
    for output in proto.output { graph.outputs.append(try declaration(output)) }
    for value in proto.valueInfo where graph.declarations[value.name] == nil {
      graph.declarations[value.name] = try declaration(value)
    }
    graph.sparseInitializerNames = proto.sparseInitializer.map(\.values.name)
    var nodes = proto.node
    proto.node = []
    for index in nodes.indices {
      var source = nodes[index]
      nodes[index] = ProtoNode()
      try append(&source, to: &graph, depth: depth)
    }
    graph.unknownFields = remainder(of: proto)
    return graph
  }

  /// A function of the model; it is kept encoded too, as an export repeats it.
  mutating func function(_ proto: inout ProtoFunction) throws(ImportError) -> LocalFunction {
    let encoded = proto.encoded
    var body = Graph(name: proto.name, documentation: proto.docString)
    for index in proto.node.indices { try append(&proto.node[index], to: &body, depth: 1) }
    var defaults: [String: Attribute] = [:]
    for index in proto.attributeProto.indices {
      let name = proto.attributeProto[index].name
      defaults[name] = try attribute(
        &proto.attributeProto[index], node: "function '\(proto.name)'", depth: 1)
    }
    let opset = proto.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }
    return LocalFunction(
      OperatorName(proto.name, domain: proto.domain), overload: proto.overload,
      inputs: proto.input, outputs: proto.output, defaults: defaults, body: body,
      opset: opset?.version, encoded: encoded)
  }

  private mutating func append(
    _ proto: inout ProtoNode, to graph: inout Graph, depth: Int
  ) throws(ImportError) {
    let name = OperatorName(proto.opType, domain: proto.domain)
    let id = graph.append(name, name: proto.name, inputs: proto.input, outputs: proto.output)
    var attributes: [String: Attribute] = [:]
    for index in proto.attribute.indices {
      let key = proto.attribute[index].name
      let label = "'\(proto.name.isEmpty ? proto.opType : proto.name)'"
      guard attributes[key] == nil else {
        throw .invalidAttribute(name: key, node: label, reason: "is given twice")
      }
      attributes[key] = try attribute(&proto.attribute[index], node: label, depth: depth)
    }
    let rest = remainder(of: proto)
    graph.updateNode(at: graph.nodes.count - 1) { node in
      precondition(node.id == id, "the appended node is the last")
      node.attributes = attributes
      node.documentation = proto.docString
      node.overload = proto.overload
      node.unknownFields = rest
    }
  }

  private mutating func attribute(
    _ proto: inout ProtoAttribute, node: String, depth: Int
  ) throws(ImportError) -> Attribute {
    if !proto.refAttrName.isEmpty {
      return .reference(name: proto.refAttrName, type: proto.type)
    }
    switch proto.kind {
    case .float: return .float(proto.f)
    case .int: return .int(proto.i)
    case .string: return .string(Array(proto.s))
    case .tensor:
      guard ElementType(rawValue: proto.t.dataType) != nil else { return .opaque(proto.encoded) }
      return .tensor(try tensors.tensor(proto.t).tensor)
    case .graph:
      defer { proto.clearG() }
      return .graph(try graph(&proto.g, depth: depth + 1))
    case .floats: return .floats(proto.floats)
    case .ints: return .ints(proto.ints)
    case .strings: return .strings(proto.strings.map { Array($0) })
    case .tensors:
      guard proto.tensors.allSatisfy({ ElementType(rawValue: $0.dataType) != nil }) else {
        return .opaque(proto.encoded)
      }
      var values: [Tensor] = []
      for tensor in proto.tensors { values.append(try tensors.tensor(tensor).tensor) }
      return .tensors(values)
    case .graphs:
      var values: [Graph] = []
      for index in proto.graphs.indices {
        values.append(try graph(&proto.graphs[index], depth: depth + 1))
      }
      proto.graphs = []
      return .graphs(values)
    case .other: return .opaque(proto.encoded)
    case nil:
      throw .invalidAttribute(name: proto.name, node: node, reason: "has no value")
    }
  }

  private func declaration(_ proto: ProtoValueInfo) throws(ImportError) -> ValueDeclaration {
    let declaration = ValueDeclaration(proto)
    // 2^40 elements: beyond any memory, and far from where products of extents overflow.
    var count = 1
    for case .fixed(let extent) in declaration.dimensions ?? [] where extent > 0 {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= 1 << 40 else { throw .absurdShape(value: proto.name) }
      count = product
    }
    return declaration
  }

  private func remainder(of graph: ProtoGraph) -> [UInt8] {
    var rest = graph
    rest.input = []
    rest.output = []
    rest.valueInfo = []
    if !rest.name.isEmpty { rest.clearName() }
    if !rest.docString.isEmpty { rest.clearDocString() }
    return rest.encoded
  }

  /// Keeps attributes only where their order, documentation or tensor names would be lost.
  private func remainder(of node: ProtoNode) -> [UInt8] {
    var rest = node
    rest.input = []
    rest.output = []
    rest.clearOpType()
    if !rest.name.isEmpty { rest.clearName() }
    if !rest.docString.isEmpty { rest.clearDocString() }
    if !rest.domain.isEmpty { rest.clearDomain() }
    if !rest.overload.isEmpty { rest.clearOverload() }
    rest.attribute = node.attribute.map(\.withoutValue)
    let names = rest.attribute.map(\.name)
    let plain = rest.attribute.allSatisfy(\.isOnlyName)
    if plain && names == names.sorted() { rest.attribute = [] }
    return rest.encoded
  }
}
