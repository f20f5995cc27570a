package import Tensors

/// Formats that another module reads for this one.
package struct DatasetReaders: Sendable {
  /// Decodes an ONNX `TensorProto`.
  let tensorProto: @Sendable ([UInt8]) throws -> (name: String?, tensor: Tensor)

  package init(
    tensorProto: @escaping @Sendable ([UInt8]) throws -> (name: String?, tensor: Tensor)
  ) {
    self.tensorProto = tensorProto
  }

  /// Reads everything but `.pb`, which it refuses.
  package static let numpyAndImages = DatasetReaders { _ in throw NoProtobuf() }

  private struct NoProtobuf: Error, CustomStringConvertible {
    var description: String { "this program was built without a reader for protobuf" }
  }

  func read(_ path: String) throws(DatasetError) -> (name: String?, tensor: Tensor) {
    let bytes = try InputFile.contents(of: path)
    do { return try tensorProto(bytes) } catch {
      throw .badTensorProto(path: path, reason: "\(error)")
    }
  }
}
