internal import Graphs
internal import Tensors

/// Constant, where preparation left one in place.
struct ConstantValue: OperatorKernel {
  private let value: Tensor

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    let floats = { () -> [Float]? in
      if case .floats(let values)? = node.attributes["value_floats"] { values } else { nil }
    }()
    if let tensor = node.tensor("value") {
      value = tensor
    } else if let number = node.float("value_float") {
      value = .scalar(number)
    } else if let number = node.int("value_int") {
      value = .scalar(number)
    } else if let numbers = node.ints("value_ints") {
      value = Tensor(numbers)
    } else if let floats {
      value = Tensor(floats)
    } else if case .string(let text)? = node.attributes["value_string"] {
      value = Tensor(strings: [text], shape: .scalar)
    } else if case .strings(let texts)? = node.attributes["value_strings"] {
      value = Tensor(strings: texts, shape: [texts.count])
    } else {
      throw .unsupportedVariant(
        operatorName: "Constant", node: node.name,
        detail: "its value is sparse or of an unknown kind")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) { site.emitConstant(value) }
}
