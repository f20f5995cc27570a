package import Graphs

/// Why a model could not be written. Nothing is left behind, and a file that was there still is.
package enum ExportError: Error, Equatable, Sendable, CustomStringConvertible {
  case cannotWrite(path: String, reason: String)
  case diskFull(path: String)
  /// What stays inside the model file is more than protobuf can hold.
  case tooLarge(bytes: Int)
  case invalidGraph(GraphFault)

  package var description: String {
    switch self {
    case .cannotWrite(let path, let reason):
      "Cannot write '\(path)': \(reason). Nothing was changed; choose another place."
    case .diskFull(let path):
      "Cannot write '\(path)': the disk is full. Nothing was changed; free space or choose "
        + "another place."
    case .tooLarge(let bytes):
      "The model has \(bytes) bytes besides its initializers, and a protobuf file ends at 2 GiB. "
        + "Large constants must be initializers to be stored outside."
    case .invalidGraph(let fault):
      "The model cannot be exported. \(fault)"
    }
  }
}
