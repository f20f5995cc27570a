internal import Foundation
package import Graphs
internal import OrderedCollections
internal import SwiftProtobuf
internal import Tensors

/// Writes ONNX files. An export of an untouched import says the same, field by field.
package enum ModelExporter {
  /// Initializers smaller than this stay in the model file even when others go outside.
  private static let smallestExternalByteCount = 1024

  /// Writes the model so that it appears complete or not at all.
  ///
  /// Initializers that were outside the file they came from go into one file beside the model,
  /// `<name>.data`; so do all larger ones when together they exceed `externalDataThreshold` bytes,
  /// as a protobuf file ends at 2 GiB.
  package static func save(
    _ model: Model, to path: String, externalDataThreshold: Int = 1_800_000_000
  ) throws(ExportError) {
    try check(model)
    let spills = model.graph.initializerByteCount > externalDataThreshold
    let isExternal: (Initializer) -> Bool = { initializer in
      guard initializer.tensor.elementType != .string else { return false }
      return initializer.externalLocation != nil
        || (spills && initializer.tensor.byteCount >= smallestExternalByteCount)
    }
    let dataPath = path + ".data"
    let needsFile = model.graph.containsInitializer(where: isExternal)
    let data = needsFile ? try AtomicFile(path: dataPath) : nil
    let encoder = GraphEncoder(
      external: data.map { file in
        ExternalWriter(
          file: file, location: URL(fileURLWithPath: dataPath).lastPathComponent,
          includes: isExternal)
      })
    let bytes = try encode(model, with: encoder)
    let file = try AtomicFile(path: path)
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(ExportError) in try file.write(bytes) }
    }
    try result.get()
    // Both are on the disk before either shows.
    try data?.finish()
    try file.finish()
    try data?.commit()
    try file.commit()
  }

  /// The model as one file's bytes, with every initializer inside.
  package static func encode(_ model: Model) throws(ExportError) -> [UInt8] {
    try check(model)
    return try encode(model, with: GraphEncoder(external: nil))
  }

  private static func check(_ model: Model) throws(ExportError) {
    do {
      try model.graph.validate()
    } catch {
      throw .invalidGraph(error)
    }
  }

  private static func encode(
    _ model: Model, with encoder: GraphEncoder
  ) throws(ExportError) -> [UInt8] {
    var proto = ProtoModel(remainder: model.unknownFields)
    proto.irVersion = model.irVersion
    if !model.producerName.isEmpty { proto.producerName = model.producerName }
    if !model.producerVersion.isEmpty { proto.producerVersion = model.producerVersion }
    if !model.domain.isEmpty { proto.domain = model.domain }
    if model.modelVersion != 0 { proto.modelVersion = model.modelVersion }
    if !model.documentation.isEmpty { proto.docString = model.documentation }
    let spellsDefaultDomain = !proto.opsetImport.isEmpty
    proto.opsetImport = []
    for (domain, version) in model.opsets {
      var entry = ProtoOperatorSet()
      if !domain.isEmpty || spellsDefaultDomain { entry.domain = domain }
      entry.version = version
      proto.opsetImport.append(entry)
    }
    proto.metadataProps = model.metadata.map { ProtoEntry(key: $0.key, value: $0.value) }
    proto.functions = model.functions.map { ProtoFunction(remainder: $0.encoded) }
    proto.graph = try encoder.graph(model.graph)
    do {
      return try proto.serializedBytes(partial: true)
    } catch {
      throw .tooLarge(bytes: model.graph.initializerByteCount)
    }
  }
}

extension Graph {
  fileprivate var initializerByteCount: Int {
    let own = initializers.values.reduce(0) { $0 + $1.tensor.byteCount }
    return nodes.flatMap(\.subgraphs).reduce(own) { $0 + $1.initializerByteCount }
  }

  fileprivate func containsInitializer(where condition: (Initializer) -> Bool) -> Bool {
    initializers.values.contains(where: condition)
      || nodes.contains { node in
        node.subgraphs.contains { $0.containsInitializer(where: condition) }
      }
  }
}

extension ProtoEntry {
  init(key: String, value: String) {
    self.init()
    self.key = key
    self.value = value
  }
}

extension SwiftProtobuf.Message {
  /// The message that the importer left over.
  init(remainder: [UInt8]) {
    do {
      try self.init(serializedBytes: remainder, partial: true)
    } catch {
      preconditionFailure("unknown fields of \(Self.self) are not what was read: \(error)")
    }
  }
}
