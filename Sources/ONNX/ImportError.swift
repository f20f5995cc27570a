package import Graphs

/// Why a model could not be read, phrased for the person who chose the file.
package enum ImportError: Error, Equatable, Sendable, CustomStringConvertible {
  case cannotRead(path: String, reason: String)
  case notONNX(path: String, reason: String)
  /// More than protobuf can hold in one file.
  case fileTooLarge(path: String, bytes: Int)
  case nestedTooDeep(path: String)
  case unsupportedIRVersion(Int64)
  case unsupportedOpset(Int64)
  case missingOpset
  case invalidGraph(GraphFault)
  case invalidTensor(name: String, reason: String)
  case invalidAttribute(name: String, node: String, reason: String)
  case absurdShape(value: String)
  case externalData(tensor: String, location: String, reason: String)

  package var description: String {
    switch self {
    case .cannotRead(let path, let reason):
      "Cannot read '\(path)': \(reason). Check the path and its permissions."
    case .notONNX(let path, let reason):
      "'\(path)' is not a complete ONNX model: \(reason). Copy or export it again."
    case .fileTooLarge(let path, let bytes):
      "'\(path)' has \(bytes) bytes, and a protobuf file ends at 2 GiB. "
        + "Export the model with its weights as external data."
    case .nestedTooDeep(let path):
      "'\(path)' nests messages deeper than any real model. The file is damaged or hostile."
    case .unsupportedIRVersion(let version):
      "The model is of ONNX IR version \(version), and version 3 is the oldest that can be read. "
        + "Export it again with a newer exporter."
    case .unsupportedOpset(let version):
      "The model uses opset \(version); opsets 7 to 28 are supported. "
        + (version < 7
          ? "Export it again with opset 13 or later."
          : "Export it again with an opset of at most 28.")
    case .missingOpset:
      "The model does not say which opset its operators are of. Export it again."
    case .invalidGraph(let fault):
      fault.description
    case .invalidTensor(let name, let reason):
      "Tensor '\(name)' \(reason). The file is damaged or was cut short; copy or export it again."
    case .invalidAttribute(let name, let node, let reason):
      "Attribute '\(name)' of node \(node) \(reason). Export the model again."
    case .absurdShape(let value):
      "The shape that the model declares for '\(value)' is larger than any memory. "
        + "The file is damaged or hostile."
    case .externalData(let tensor, let location, let reason):
      "Tensor '\(tensor)' keeps its data in '\(location)', \(reason)."
    }
  }
}
