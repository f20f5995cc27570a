internal import Graphs
internal import Kernels
internal import Tensors

/// One ONNX operator computed as a whole, values in and values out.
///
/// For operators whose output shapes only the data tell, and for those that work on sequences or
/// run other graphs. A plan ends before such an operator and another begins behind it, which costs
/// copies; an operator whose output shapes follow from its operands' is an ``OperatorKernel``.
protocol TensorOperator: SendableMetatype {
  /// Whether something else than tensors may come out, which no plan can hold as a constant.
  static var makesOtherValues: Bool { get }
  /// Reads and checks the attributes.
  init(_ node: Node, opset: Int64) throws(ExecutionError)
  /// - Parameter inputs: `nil` for an operand that the model left out.
  /// - Returns: the outputs in the node's order; as many as the operator has, asked for or not.
  func run(_ inputs: [RunValue?], _ call: OperatorCall) throws(ExecutionError) -> [RunValue]
}

extension TensorOperator {
  static var makesOtherValues: Bool { false }
}

/// What a tensor operator knows of the place it is called from.
struct OperatorCall {
  let operatorName: String
  let nodeName: String
  /// How many outputs the node names.
  let outputCount: Int
  let instructionSet: InstructionSet
  let pool: ThreadPool

  init(_ unit: PlanGraph.Unit, instructionSet: InstructionSet, pool: ThreadPool) {
    operatorName = unit.operatorName
    nodeName = unit.label
    outputCount = unit.outputs.count
    self.instructionSet = instructionSet
    self.pool = pool
  }

  /// The tensor at operand `index`.
  func tensor(_ index: Int, of inputs: [RunValue?]) throws(ExecutionError) -> Tensor {
    guard index < inputs.count, let value = inputs[index] else {
      throw .missingOperand(operatorName: operatorName, node: nodeName, index: index)
    }
    guard let tensor = value.tensor else {
      throw unsupported("its input \(index) is not a tensor")
    }
    return tensor
  }

  func optionalTensor(_ index: Int, of inputs: [RunValue?]) throws(ExecutionError) -> Tensor? {
    guard index < inputs.count, inputs[index] != nil else { return nil }
    return try tensor(index, of: inputs)
  }

  func mismatch(_ detail: String) -> ExecutionError {
    .shapeMismatch(operatorName: operatorName, node: nodeName, detail: detail)
  }

  func unsupported(_ detail: String) -> ExecutionError {
    .unsupportedVariant(operatorName: operatorName, node: nodeName, detail: detail)
  }

  func wrongType(_ found: ElementType) -> ExecutionError {
    .wrongElementType(operatorName: operatorName, node: nodeName, found: found)
  }
}
