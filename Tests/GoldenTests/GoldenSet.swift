import Foundation
import Tensors
import Testing

/// Numbers recorded from PyTorch and ONNX Runtime; `Tests/Golden/README.md` is the schema.
///
/// The set committed under `Tests/Golden`, or the one that `OCTET_GOLDEN` names.
struct GoldenSet: Sendable {
  struct Case: Sendable, CustomTestStringConvertible {
    let id: String
    let family: String
    let kind: String
    let body: JSONValue
    var testDescription: String { id }

    subscript(key: String) -> JSONValue { body[key] }
  }

  static let current: GoldenSet = {
    if let path = ProcessInfo.processInfo.environment["OCTET_GOLDEN"], !path.isEmpty {
      return GoldenSet(root: URL(filePath: path))
    }
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return GoldenSet(root: tests.appending(path: "Golden"))
  }()

  let root: URL
  private let documents: [String: JSONValue]

  init(root: URL) {
    self.root = root
    var documents: [String: JSONValue] = [:]
    do {
      let index = try Self.read("index.json", in: root)
      documents["index.json"] = index
      for path in Set(index["cases"].array.compactMap { $0["file"].string } + [index.streamsFile]) {
        documents[path] = try Self.read(path, in: root)
      }
    } catch {
      print("golden set in \(root.path): \(error)")
    }
    self.documents = documents
  }

  /// Every case of a family, in the order of the index; none when a case is missing.
  func cases(_ family: String) -> [Case] {
    let entries = self["index.json"]["cases"].array.filter { $0["family"].string == family }
    var bodies: [String: JSONValue] = [:]
    for file in Set(entries.compactMap { $0["file"].string }) {
      for body in self[file]["cases"].array {
        if let id = body["id"].string { bodies[id] = body }
      }
    }
    let cases = entries.compactMap { entry -> Case? in
      guard let id = entry["id"].string, let body = bodies[id] else { return nil }
      return Case(id: id, family: family, kind: entry["kind"].string ?? "", body: body)
    }
    return cases.count == entries.count ? cases : []
  }

  /// Every family of the index with its kinds.
  var kinds: [String: Set<String>] {
    self["index.json"]["cases"].array.reduce(into: [:]) { kinds, entry in
      kinds[entry["family"].string ?? "", default: []].insert(entry["kind"].string ?? "")
    }
  }

  /// The batches of a stream, in order.
  func stream(_ name: String) throws -> [Tensor] {
    let stream = self[self["index.json"].streamsFile]["streams"][name]
    try #require(!stream.isNull, "there is no stream \(name)")
    return try stream["batches"].array.map(tensor)
  }

  /// The tensor a reference names.
  func tensor(_ reference: JSONValue) throws -> Tensor {
    let path = try #require(reference["npy"].string)
    let shape = Shape(reference["shape"].ints)
    let data = try Data(contentsOf: root.appending(path: path))
    let values = try floats(npy: data)
    try #require(values.count == shape.elementCount, "\(path)")
    return Tensor(values, shape: shape)
  }

  private subscript(document: String) -> JSONValue { documents[document] ?? .null }

  private static func read(_ path: String, in root: URL) throws -> JSONValue {
    try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: root.appending(path: path)))
  }

  /// The values of a version 1 `.npy` file of little-endian float32 in C order.
  private func floats(npy data: Data) throws -> [Float] {
    try #require(data.count >= 10 && data.prefix(6) == Data([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]))
    let header = 10 + Int(data[8]) + Int(data[9]) << 8
    try #require(data.count >= header && (data.count - header) % 4 == 0)
    return data.dropFirst(header).withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 4).map {
        Float(
          bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
        )
      }
    }
  }
}

extension JSONValue {
  fileprivate var streamsFile: String { self["streams_file"].string ?? "cases/streams.json" }
}

/// Same bits, where both zeros are one and every NaN is one.
func same(_ left: Float, _ right: Float) -> Bool {
  left == right || (left.isNaN && right.isNaN)
}

func same(_ left: [Float], _ right: [Float]) -> Bool {
  left.count == right.count && zip(left, right).allSatisfy(same)
}
