package import Tensors

/// Why a model could not be planned or run, phrased for the person who chose it.
package enum ExecutionError: Error, Equatable, CustomStringConvertible {
  case unsupportedOperator(name: String, node: String, opset: Int64)
  /// The operator is known, but not this use of it.
  case unsupportedVariant(operatorName: String, node: String, detail: String)
  case invalidAttribute(operatorName: String, node: String, attribute: String, detail: String)
  case missingOperand(operatorName: String, node: String, index: Int)
  case undefinedValue(name: String, node: String)
  /// A sequence or an optional where an operator wants a tensor.
  case notATensor(value: String)
  /// Strings have no place in a plan.
  case stringValue(name: String, reader: String)
  case shapeMismatch(operatorName: String, node: String, detail: String)
  case wrongElementType(operatorName: String, node: String, found: ElementType)
  /// A shape or an axis that only the data would tell.
  case dataDependentShape(operatorName: String, node: String, input: String)
  case indexOutOfRange(node: String, index: Int64, count: Int)
  case divisionByZero(node: String)
  /// A sequence that ends before its first or behind its last step.
  case invalidSequenceLength(node: String, sequence: Int, length: Int32, steps: Int)
  case missingInput(name: String)
  case unknownInput(name: String, known: [String])
  case wrongType(input: String, expected: ElementType, found: ElementType)
  case wrongShape(input: String, expected: String, found: Shape)
  case notEnoughMemory(bytes: Int)
  case invalidModel(String)

  package var description: String {
    switch self {
    case .unsupportedOperator(let name, let node, let opset):
      "Node '\(node)' uses \(name) (opset \(opset)), which cannot be executed. "
        + "The model can be inspected, but not run or calibrated."
    case .unsupportedVariant(let name, let node, let detail):
      "Node '\(node)': this use of \(name) cannot be executed: \(detail)."
    case .invalidAttribute(let name, let node, let attribute, let detail):
      "Node '\(node)': attribute '\(attribute)' of \(name) \(detail)."
    case .missingOperand(let name, let node, let index):
      "Node '\(node)': \(name) has no input \(index), which it needs."
    case .undefinedValue(let name, let node):
      "Node '\(node)' reads '\(name)', which nothing computes before it."
    case .notATensor(let value):
      "'\(value)' is a sequence or an optional; the operator that reads it wants a tensor."
    case .stringValue(let name, let reader):
      "\(reader) reads '\(name)', which holds strings and cannot be executed. Leave the part of the "
        + "model that works on text to the program around it."
    case .shapeMismatch(let name, let node, let detail):
      "Node '\(node)': shapes do not fit \(name): \(detail)."
    case .wrongElementType(let name, let node, let found):
      "Node '\(node)': \(name) cannot be executed on \(found)."
    case .dataDependentShape(let name, let node, let input):
      "Node '\(node)': \(name) needs '\(input)' before the data are known; "
        + "shapes that depend on computed data are not supported."
    case .indexOutOfRange(let node, let index, let count):
      "Node '\(node)': index \(index) is outside of \(count) elements."
    case .divisionByZero(let node):
      "Node '\(node)' divides an integer by zero."
    case .invalidSequenceLength(let node, let sequence, let length, let steps):
      "Node '\(node)': sequence \(sequence) is said to have \(length) steps; "
        + "lengths must lie between 0 and \(steps)."
    case .missingInput(let name):
      "No data for the model's input '\(name)'."
    case .unknownInput(let name, let known):
      "The model has no input '\(name)'; it has \(known.map { "'\($0)'" }.joined(separator: ", "))."
    case .wrongType(let input, let expected, let found):
      "Input '\(input)' is \(found), the model wants \(expected)."
    case .wrongShape(let input, let expected, let found):
      "Input '\(input)' has shape \(found), the model wants \(expected)."
    case .notEnoughMemory(let bytes):
      "Running needs \(bytes) bytes of working memory, which the system does not give; "
        + "use a smaller batch or smaller inputs."
    case .invalidModel(let detail):
      detail
    }
  }
}
