internal import Graphs

/// One ONNX operator: reads its attributes, says what its outputs are, and emits what computes them.
protocol OperatorKernel: SendableMetatype {
  /// Reads and checks the attributes.
  init(_ node: Node, opset: Int64) throws(ExecutionError)
  /// Adds the operator to a plan, for operands of known shapes.
  func compile(_ site: OperatorSite) throws(ExecutionError)
}

/// The operators that can be executed, by ONNX name, with the domain before it unless it is ONNX's own.
struct OperatorRegistry: Sendable {
  private var kernels: [String: any OperatorKernel.Type] = [:]

  mutating func register(_ names: String..., kernel: any OperatorKernel.Type) {
    for name in names {
      precondition(kernels[name] == nil, "operator \(name) is registered twice")
      kernels[name] = kernel
    }
  }

  func kernel(for name: OperatorName) -> (any OperatorKernel.Type)? { kernels[name.description] }

  var names: [String] { kernels.keys.sorted() }
}
