internal import Foundation
internal import SwiftProtobuf
package import Tensors

/// The `.pb` files of ONNX test data: one `TensorProto` each.
package enum TensorProtoFile {
  /// The tensor and the name it carries, which may be empty.
  package static func read(
    _ bytes: [UInt8]
  ) throws(ImportError) -> (name: String, tensor: Tensor) {
    let proto: ProtoTensor
    do {
      proto = try ProtoTensor(serializedBytes: bytes)
    } catch {
      throw .invalidTensor(name: "", reason: "is not a complete TensorProto")
    }
    guard proto.hasDataType else {
      throw .invalidTensor(name: proto.name, reason: "has no element type, so is no TensorProto")
    }
    var decoder = TensorDecoder(folder: nil)
    return (proto.name, try decoder.tensor(proto).tensor)
  }

  /// The bytes of a `.pb` file.
  package static func write(_ tensor: Tensor, name: String) -> [UInt8] {
    var proto = ProtoTensor(tensor)
    if !name.isEmpty { proto.name = name }
    return proto.encoded
  }
}
