package import Tensors

/// Why a model cannot be trained, phrased for the person who chose it.
package enum TrainingError: Error, Equatable, CustomStringConvertible {
  case noGradient(operatorName: String, node: String)
  /// The operator has gradients, but not this use of it.
  case unsupportedVariant(operatorName: String, node: String, detail: String)
  case missingOperand(operatorName: String, node: String, index: Int)
  /// A shape, an index or a condition that depends on what is trained.
  case dependsOnWeights(value: String, node: String)
  case nothingToTrain
  case unknownValue(name: String)
  case unknownLayer(name: String)
  case noWeights(layers: [String])
  case wrongShape(value: String, expected: Shape, found: Shape)
  /// A sum that is no longer a number.
  case diverged(epoch: Int, batch: Int)
  /// An update takes as many rows as the model has, and no others.
  case fixedBatch(input: String, rows: Int)
  case noLabels
  case badLabels(detail: String)
  case badOption(String)
  case execution(String)
  case conversion(String)
  case quantizer(String)
  case checkpoint(path: String, reason: String)

  package var description: String {
    switch self {
    case .noGradient(let name, let node):
      "Node '\(node)' uses \(name), which has no gradient here, so the model cannot be trained."
    case .unsupportedVariant(let name, let node, let detail):
      "Node '\(node)': this use of \(name) cannot be trained: \(detail)."
    case .missingOperand(let name, let node, let index):
      "Node '\(node)': \(name) has no input \(index), which it needs."
    case .dependsOnWeights(let value, let node):
      "Node '\(node)' needs '\(value)' before it runs, but that depends on what is trained."
    case .nothingToTrain:
      "The model has no float weights that an output depends on, so there is nothing to train."
    case .unknownValue(let name): "The model has no value '\(name)'."
    case .unknownLayer(let name):
      "The model has no layer '\(name)': octet inspect lists its layers."
    case .noWeights(let layers):
      "Nothing in \(layers.joined(separator: ", ")) can be trained: choose layers with weights."
    case .wrongShape(let value, let expected, let found):
      "'\(value)' has shape \(found) where training was set up for \(expected)."
    case .diverged(let epoch, let batch):
      "The loss is not a number in epoch \(epoch), batch \(batch). Take a lower learning rate, or "
        + "clip gradients."
    case .fixedBatch(let input, let rows):
      "Input '\(input)' always has \(rows) row\(rows == 1 ? "" : "s"), so one update takes one sample:"
        + " --mini-batch 1. Export the model with an open batch to train it with more."
    case .noLabels:
      "The data have no labels. Name them with --labels, or train by distillation."
    case .badLabels(let detail): "The labels do not fit: \(detail)."
    case .badOption(let detail): detail
    case .execution(let detail), .conversion(let detail), .quantizer(let detail): detail
    case .checkpoint(let path, let reason):
      "The checkpoint \(path) cannot be used: \(reason)."
    }
  }
}
