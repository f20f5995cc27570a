package import Datasets

/// Why observing, predicting or measuring could not be done.
package enum CalibrationError: Error, Equatable, CustomStringConvertible {
  /// No statistics for an edge that is to be quantized.
  case unobserved(edge: String)
  /// Statistics that no parameters can be taken from.
  case parameters(subject: String, reason: String)
  /// Two models or two sets of statistics that do not belong together.
  case mismatch(String)
  /// An output that cannot be the input of the next step.
  case state(StateLink, reason: String)
  case noData

  package var description: String {
    switch self {
    case .unobserved(let edge):
      "Tensor '\(edge)' was never observed. Calibrate again with data that reaches it, set its range by "
        + "hand, or keep the layers around it in float32."
    case .parameters(let subject, let reason): "'\(subject)' cannot be quantized: \(reason)"
    case .mismatch(let reason): reason
    case .state(let link, let reason):
      "--state \(link) does not fit the model: \(reason). Write --state INPUT=OUTPUT."
    case .noData: "There are no samples. Give data with at least one."
    }
  }
}
