import Foundation
import Tensors

@testable import Datasets

/// The files that `Data/make_data.py` wrote.
enum TestData {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()

  static func path(_ name: String) -> String { folder.appending(path: "Data/\(name)").path() }

  static func npy(_ name: String) throws -> Tensor { try NPY.read(path(name + ".npy")) }

  /// Runs `body` with a new folder, which is removed afterwards.
  static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path())
  }

  /// Reads a stand-in for a protobuf: a length, that many bytes of name, then an `.npy` file.
  static let readers = DatasetReaders { bytes in
    struct Empty: Error {}
    guard let length = bytes.first, bytes.count > length else { throw Empty() }
    let name = String(decoding: bytes[1..<1 + Int(length)], as: UTF8.self)
    let tensor = try NPY.decode(Array(bytes[(1 + Int(length))...]), name: "stand-in")
    return (name.isEmpty ? nil : name, tensor)
  }

  static func writeStandIn(_ tensor: Tensor, name: String, to path: String) throws {
    let bytes = [UInt8(name.utf8.count)] + Array(name.utf8) + (try NPY.encode(tensor, name: name))
    try Data(bytes).write(to: URL(filePath: path))
  }
}

extension InputSpecification {
  static func image(_ name: String = "input", _ extents: Int?...) -> InputSpecification {
    InputSpecification(name: name, elementType: .float32, dimensions: extents)
  }
}

/// The error that `body` throws, in words; empty when it throws none.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch {
    return "\(error)"
  }
}
