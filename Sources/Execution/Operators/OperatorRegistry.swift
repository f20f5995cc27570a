internal import Graphs

/// One ONNX operator: reads its attributes, says what its outputs are, and emits what computes them.
protocol OperatorKernel: SendableMetatype {
  /// Reads and checks the attributes.
  init(_ node: Node, opset: Int64) throws(ExecutionError)
  /// Adds the operator to a plan, for operands of known shapes.
  func compile(_ site: OperatorSite) throws(ExecutionError)
  /// Whether float16 and bfloat16 operands are widened to float32 before the operator sees them,
  /// and its float32 results rounded to their type.
  static var widensHalves: Bool { get }
  /// Whether output `index` is rounded to the operands' type, where halves are widened.
  func narrows(_ index: Int) -> Bool
}

extension OperatorKernel {
  /// What only moves elements takes them as they are.
  static var widensHalves: Bool { false }
  func narrows(_ index: Int) -> Bool { true }

  /// Adds the operator to a plan, on 16-bit floats by way of float32.
  func compileAnyPrecision(_ site: OperatorSite) throws(ExecutionError) {
    guard Self.widensHalves else { return try compile(site) }
    try site.compileWidened(self)
  }
}

/// The operators that can be executed, by name, behind their domain unless that is ONNX's own.
struct OperatorRegistry: Sendable {
  private var kernels: [String: any OperatorKernel.Type] = [:]
  private var tensorOperators: [String: any TensorOperator.Type] = [:]
  private var controlFlow: [String: any ControlFlowOperator.Type] = [:]

  mutating func register(_ names: String..., kernel: any OperatorKernel.Type) {
    for name in names {
      precondition(isNew(name), "operator \(name) is registered twice")
      kernels[name] = kernel
    }
  }

  mutating func register(_ names: String..., tensorOperator: any TensorOperator.Type) {
    for name in names {
      precondition(isNew(name), "operator \(name) is registered twice")
      tensorOperators[name] = tensorOperator
    }
  }

  mutating func register(_ name: String, controlFlow type: any ControlFlowOperator.Type) {
    precondition(isNew(name), "operator \(name) is registered twice")
    controlFlow[name] = type
  }

  private func isNew(_ name: String) -> Bool {
    kernels[name] == nil && tensorOperators[name] == nil && controlFlow[name] == nil
  }

  func kernel(for name: OperatorName) -> (any OperatorKernel.Type)? { kernels[name.description] }

  func tensorOperator(for name: OperatorName) -> (any TensorOperator.Type)? {
    tensorOperators[name.description]
  }

  func controlFlow(for name: OperatorName) -> (any ControlFlowOperator.Type)? {
    controlFlow[name.description]
  }

  var names: [String] {
    (Array(kernels.keys) + tensorOperators.keys + controlFlow.keys).sorted()
  }
}
