internal import Foundation
package import Tensors

/// A folder of `output_0.pb`, `output_1.pb` …, as ONNX's test data have them; every element type.
package enum TensorProtoFolder {
  /// Whether somebody who writes `path` means a folder: it has no extension.
  package static func isMeant(by path: String) -> Bool {
    URL(fileURLWithPath: path).pathExtension.isEmpty
  }

  /// Makes the folder when it is not there; each file carries the name of its member.
  package static func write(
    _ members: [(name: String, tensor: Tensor)], to path: String
  ) throws(ExportError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .cannotWrite(path: path, reason: error.localizedDescription)
    }
    for (index, member) in members.enumerated() {
      let file = try AtomicFile(path: "\(path)/output_\(index).pb")
      let bytes = TensorProtoFile.write(member.tensor, name: member.name)
      let result = bytes.withUnsafeBytes { bytes in
        Result { () throws(ExportError) in try file.write(bytes) }
      }
      try result.get()
      try file.commit()
    }
  }
}
