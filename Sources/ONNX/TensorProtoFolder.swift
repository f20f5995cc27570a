internal import Foundation
package import Graphs

/// A folder of `output_0.pb`, `output_1.pb` …, as ONNX's test data have them; every element type.
package enum TensorProtoFolder {
  /// Whether somebody who writes `path` means a folder: it has no extension.
  package static func isMeant(by path: String) -> Bool {
    URL(fileURLWithPath: path).pathExtension.isEmpty
  }

  /// A value under the name of an output.
  package struct Member {
    package let name: String
    package let form: ValueDeclaration.Form
    package let content: ValueProtoFile.Content

    package init(name: String, form: ValueDeclaration.Form, content: ValueProtoFile.Content) {
      self.name = name
      self.form = form
      self.content = content
    }
  }

  /// Makes the folder when it is not there; each file carries the name of its member.
  package static func write(
    _ members: [Member], to path: String
  ) throws(ExportError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .cannotWrite(path: path, reason: error.localizedDescription)
    }
    for (index, member) in members.enumerated() {
      let file = try AtomicFile(path: "\(path)/output_\(index).pb")
      let bytes =
        switch (member.form, member.content) {
        case (.optional, let content):
          ValueProtoFile.write(optional: content, name: member.name)
        case (_, .tensor(let tensor)): TensorProtoFile.write(tensor, name: member.name)
        case (_, .sequence(let tensors)):
          ValueProtoFile.write(sequence: tensors, name: member.name)
        case (_, .nothing): ValueProtoFile.write(optional: .nothing, name: member.name)
        }
      let result = bytes.withUnsafeBytes { bytes in
        Result { () throws(ExportError) in try file.write(bytes) }
      }
      try result.get()
      try file.commit()
    }
  }
}
