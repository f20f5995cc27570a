internal import Foundation
package import Graphs
internal import OrderedCollections
internal import SwiftProtobuf
internal import Tensors

/// A model and what its reader had to say about it.
package struct ImportedModel: Sendable {
  package var model: Model
  /// What had to be set right, in sentences.
  package var notes: [String]
}

/// Reads ONNX files. Trusts nothing in them: sizes, offsets, depth and counts are checked before
/// memory is taken, and a graph that comes out can be walked without further checks.
package enum ModelImporter {
  /// The opsets whose operators are known. A newer one may have changed any of them.
  package static let supportedOpsets: ClosedRange<Int64> = 7...28

  /// The model as the file has it; no operator is upgraded.
  package static func load(path: String) throws(ImportError) -> Model {
    try read(path: path).model
  }

  /// The model with the reader's notes.
  package static func read(path: String) throws(ImportError) -> ImportedModel {
    let data = try contents(of: path)
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    return try decode(data, path: path, folder: folder)
  }

  /// A model from memory, which messages call `name`. Its external data are looked for in `folder`,
  /// and refused without one.
  package static func decode(
    _ bytes: [UInt8], name: String, folder: String? = nil
  ) throws(ImportError) -> ImportedModel {
    try decode(Data(bytes), path: name, folder: folder)
  }

  private static func contents(of path: String) throws(ImportError) -> Data {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .cannotRead(path: path, reason: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .cannotRead(path: path, reason: "it is not a file")
    }
    guard Int(status.st_size) <= Int(Int32.max) else {
      throw .fileTooLarge(path: path, bytes: Int(status.st_size))
    }
    do throws(MappedFile.Failure) {
      // What is decoded is a copy, so the file itself need not be one. As with external data, a file
      // that is cut short while it is read ends the process.
      let storage = try MappedFile.storage(path: path)
      return Data(
        bytesNoCopy: storage.base, count: storage.byteCount,
        deallocator: .custom { _, _ in withExtendedLifetime(storage) {} })
    } catch {
      throw .cannotRead(path: path, reason: error.reason)
    }
  }

  private static func decode(
    _ data: Data, path: String, folder: String?
  ) throws(ImportError) -> ImportedModel {
    guard !data.isEmpty else { throw .notONNX(path: path, reason: "it is empty") }
    var proto: ProtoModel
    do {
      proto = try ProtoModel(serializedBytes: data)
    } catch BinaryDecodingError.truncated {
      throw .notONNX(path: path, reason: "it ends too early or is another format")
    } catch BinaryDecodingError.messageDepthLimit {
      throw .nestedTooDeep(path: path)
    } catch {
      throw .notONNX(path: path, reason: "it is no protobuf of a model")
    }
    guard proto.hasIrVersion, proto.hasGraph else {
      throw .notONNX(path: path, reason: "it has no graph")
    }
    return try decode(&proto, folder: folder)
  }

  private static func decode(
    _ proto: inout ProtoModel, folder: String?
  ) throws(ImportError) -> ImportedModel {
    guard proto.irVersion >= 3 else { throw .unsupportedIRVersion(proto.irVersion) }
    var decoder = GraphDecoder(folder: folder)
    var source = proto.graph
    proto.clearGraph()
    let graph = try decoder.graph(&source, depth: 0)
    var model = Model(graph: graph, irVersion: proto.irVersion)
    model.opsets = [:]
    for entry in proto.opsetImport {
      let domain = entry.domain == "ai.onnx" ? "" : entry.domain
      model.opsets[domain] = max(entry.version, model.opsets[domain] ?? entry.version)
    }
    try checkOpset(of: model)
    model.producerName = proto.producerName
    model.producerVersion = proto.producerVersion
    model.domain = proto.domain
    model.modelVersion = proto.modelVersion
    model.documentation = proto.docString
    for index in proto.functions.indices {
      model.functions.append(try decoder.function(&proto.functions[index]))
    }
    for entry in proto.metadataProps { model.metadata[entry.key] = entry.value }
    model.unknownFields = remainder(of: proto)

    var notes = decoder.notes
    do {
      if try model.graph.sortNodes() {
        notes.append("The nodes were not in an order in which they can be computed; sorted them.")
      }
      try model.graph.validate()
    } catch {
      throw .invalidGraph(error)
    }
    return ImportedModel(model: model, notes: notes)
  }

  private static func checkOpset(of model: Model) throws(ImportError) {
    if let opset = model.opsets[""] {
      guard supportedOpsets.contains(opset) else { throw .unsupportedOpset(opset) }
    } else if model.graph.usesStandardOperators {
      throw .missingOpset
    }
  }

  /// What is left when everything that `Model` holds is taken out. Fields that are present but
  /// empty stay, so that they are present again in an export.
  private static func remainder(of model: ProtoModel) -> [UInt8] {
    var rest = model
    rest.clearIrVersion()
    rest.clearGraph()
    // Whether the default domain was written out as an empty name.
    rest.opsetImport = rest.opsetImport.filter { $0.hasDomain && $0.domain.isEmpty }.prefix(1).map {
      var entry = $0
      entry.clearVersion()
      return entry
    }
    rest.metadataProps = []
    rest.functions = []
    if !rest.producerName.isEmpty { rest.clearProducerName() }
    if !rest.producerVersion.isEmpty { rest.clearProducerVersion() }
    if !rest.domain.isEmpty { rest.clearDomain() }
    if rest.modelVersion != 0 { rest.clearModelVersion() }
    if !rest.docString.isEmpty { rest.clearDocString() }
    return rest.encoded
  }
}

extension Graph {
  fileprivate var usesStandardOperators: Bool {
    nodes.contains { node in
      node.operatorName.domain.isEmpty || node.subgraphs.contains(where: \.usesStandardOperators)
    }
  }
}

extension SwiftProtobuf.Message {
  /// The message's bytes. Fields are optional and UTF-8 by construction, so encoding cannot fail.
  var encoded: [UInt8] {
    do {
      return try serializedBytes(partial: true)
    } catch {
      preconditionFailure("encoding \(Self.self): \(error)")
    }
  }
}
