import ArgumentParser
import Execution
import Foundation
import Graphs
import ONNX
import Tensors

extension RunValue {
  /// A sequence or an optional from a `.pb` file, as ONNX's test data have them.
  init(path: String, input: ValueDeclaration) throws {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw ValidationError(
        "Input '\(input.name)' is a sequence or an optional: give --input \(input.name)=FILE.pb, "
          + "or a folder with its .pb file.")
    }
    switch input.form {
    case .optional: self.init(try ValueProtoFile.readOptional([UInt8](bytes)))
    case .sequence, .tensor:
      self.init(.sequence(try ValueProtoFile.readSequence([UInt8](bytes))))
    }
  }

  private init(_ content: ValueProtoFile.Content) {
    switch content {
    case .tensor(let tensor): self = .tensor(tensor)
    case .sequence(let tensors): self = .sequence(tensors, tensors.first?.elementType ?? .float32)
    case .nothing: self = .empty
    }
  }

  var content: ValueProtoFile.Content {
    switch self {
    case .tensor(let tensor): .tensor(tensor)
    case .sequence(let tensors, _): .sequence(tensors)
    case .empty: .nothing
    }
  }

  var typeName: String {
    switch self {
    case .tensor(let tensor): tensor.elementType.description
    case .sequence(_, let type): "sequence of \(type)"
    case .empty: "empty optional"
    }
  }

  var summary: String {
    switch self {
    case .tensor(let tensor): "\(tensor.shape)  \(tensor.elementType)"
    case .sequence(let tensors, _): "\(tensors.count) tensors, \(typeName)"
    case .empty: typeName
    }
  }
}
