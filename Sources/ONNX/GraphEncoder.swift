internal import Foundation
internal import Graphs
internal import OrderedCollections
internal import SwiftProtobuf
internal import Tensors

/// Where initializers go that are kept outside the model file.
struct ExternalWriter {
  let file: AtomicFile
  /// As the model names it.
  let location: String
  let includes: (Initializer) -> Bool

  /// Large tensors start on a page, so that readers can map them; others on a cache line.
  func write(_ tensor: Tensor) throws(ExportError) -> [ProtoEntry] {
    try file.pad(to: tensor.byteCount >= 1 << 20 ? 4096 : 64)
    let offset = file.byteCount
    try tensor.withUnsafeBytes { (bytes) throws(ExportError) in try file.write(bytes) }
    return [
      ProtoEntry(key: "location", value: location),
      ProtoEntry(key: "offset", value: "\(offset)"),
      ProtoEntry(key: "length", value: "\(tensor.byteCount)"),
    ]
  }
}

/// Turns `Graph` into protobuf, starting each message from what the importer left over of it.
struct GraphEncoder {
  let external: ExternalWriter?

  func graph(_ graph: Graph) throws(ExportError) -> ProtoGraph {
    var proto = ProtoGraph(remainder: graph.unknownFields)
    if !graph.name.isEmpty { proto.name = graph.name }
    if !graph.documentation.isEmpty { proto.docString = graph.documentation }
    proto.input = graph.inputs.map(\.proto)
    proto.output = graph.outputs.map(\.proto)
    proto.valueInfo = graph.declarations.values.map(\.proto)
    for (name, value) in graph.initializers {
      proto.initializer.append(try initializer(value, name: name))
    }
    for value in graph.nodes { proto.node.append(try node(value)) }
    return proto
  }

  private func initializer(
    _ initializer: Initializer, name: String
  ) throws(ExportError) -> ProtoTensor {
    var proto = ProtoTensor(remainder: initializer.unknownFields)
    if let external, external.includes(initializer) {
      proto.describe(initializer.tensor)
      proto.dataLocation = 1
      proto.externalData = try external.write(initializer.tensor)
    } else {
      proto.store(initializer.tensor)
    }
    proto.name = name
    if !initializer.documentation.isEmpty { proto.docString = initializer.documentation }
    return proto
  }

  private func node(_ node: Node) throws(ExportError) -> ProtoNode {
    var proto = ProtoNode(remainder: node.unknownFields)
    proto.input = node.inputs
    proto.output = node.outputs
    proto.opType = node.operatorName.name
    if !node.name.isEmpty { proto.name = node.name }
    if !node.operatorName.domain.isEmpty { proto.domain = node.operatorName.domain }
    if !node.documentation.isEmpty { proto.docString = node.documentation }
    if !node.overload.isEmpty { proto.overload = node.overload }
    // The importer leaves attributes without values where the file's order or words count.
    var rest = node.attributes
    let shells = proto.attribute
    proto.attribute = []
    for shell in shells {
      guard let value = rest.removeValue(forKey: shell.name) else { continue }
      proto.attribute.append(try attribute(value, in: shell))
    }
    for (name, value) in rest.sorted(by: { $0.key < $1.key }) {
      var shell = ProtoAttribute()
      shell.name = name
      proto.attribute.append(try attribute(value, in: shell))
    }
    return proto
  }

  private func attribute(
    _ attribute: Attribute, in shell: ProtoAttribute
  ) throws(ExportError) -> ProtoAttribute {
    var proto = shell
    func set(_ kind: AttributeKind) { proto.type = kind.rawValue }
    switch attribute {
    case .int(let value):
      set(.int)
      proto.i = value
    case .float(let value):
      set(.float)
      proto.f = value
    case .string(let value):
      set(.string)
      proto.s = Data(value)
    case .tensor(let value):
      set(.tensor)
      proto.t.store(value)
    case .graph(let value):
      set(.graph)
      proto.g = try graph(value)
    case .ints(let values):
      set(.ints)
      proto.ints = values
    case .floats(let values):
      set(.floats)
      proto.floats = values
    case .strings(let values):
      set(.strings)
      proto.strings = values.map { Data($0) }
    case .tensors(let values):
      set(.tensors)
      proto.tensors = values.map(ProtoTensor.init)
    case .graphs(let values):
      set(.graphs)
      for value in values { proto.graphs.append(try graph(value)) }
    case .reference(let name, let type):
      proto.refAttrName = name
      proto.type = type
    case .opaque(let bytes):
      proto = ProtoAttribute(remainder: bytes)
      proto.name = shell.name
    }
    return proto
  }
}
