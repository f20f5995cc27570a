internal import SwiftProtobuf
package import Tensors

/// The `.pb` files of ONNX test data that hold a sequence of tensors, or an optional.
package enum ValueProtoFile {
  /// What such a file holds.
  package enum Content: Sendable, Equatable {
    case tensor(Tensor)
    case sequence([Tensor])
    case nothing
  }

  /// The tensors of a `SequenceProto`.
  package static func readSequence(_ bytes: [UInt8]) throws(ImportError) -> [Tensor] {
    guard let proto = try? ProtoSequence(serializedBytes: bytes) else {
      throw .invalidTensor(name: "", reason: "is not a complete SequenceProto")
    }
    return try tensors(proto)
  }

  /// What an `OptionalProto` holds.
  package static func readOptional(_ bytes: [UInt8]) throws(ImportError) -> Content {
    guard let proto = try? ProtoOptionalValue(serializedBytes: bytes) else {
      throw .invalidTensor(name: "", reason: "is not a complete OptionalProto")
    }
    if proto.hasTensorValue {
      var decoder = TensorDecoder(folder: nil)
      return .tensor(try decoder.tensor(proto.tensorValue).tensor)
    }
    return proto.hasSequenceValue ? .sequence(try tensors(proto.sequenceValue)) : .nothing
  }

  private static func tensors(_ proto: ProtoSequence) throws(ImportError) -> [Tensor] {
    var decoder = TensorDecoder(folder: nil)
    var tensors: [Tensor] = []
    for value in proto.tensorValues { tensors.append(try decoder.tensor(value).tensor) }
    return tensors
  }

  /// The bytes of a `SequenceProto`.
  package static func write(sequence: [Tensor], name: String) -> [UInt8] {
    proto(sequence, name: name).encoded
  }

  /// The bytes of an `OptionalProto`.
  package static func write(optional content: Content, name: String) -> [UInt8] {
    var value = ProtoOptionalValue()
    value.name = name
    switch content {
    case .nothing: value.elemType = 0
    case .tensor(let tensor):
      value.elemType = 1
      value.tensorValue = ProtoTensor(tensor)
    case .sequence(let tensors):
      value.elemType = 3
      value.sequenceValue = proto(tensors, name: "")
    }
    return value.encoded
  }

  private static func proto(_ tensors: [Tensor], name: String) -> ProtoSequence {
    var proto = ProtoSequence()
    if !name.isEmpty { proto.name = name }
    proto.elemType = 1
    proto.tensorValues = tensors.map { ProtoTensor($0) }
    return proto
  }
}
