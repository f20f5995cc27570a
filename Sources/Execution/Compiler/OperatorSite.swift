internal import Graphs
internal import Kernels
internal import Tensors

/// The place in a plan where one operator is compiled: its operands, its outputs, and the way to
/// emit the step that computes them.
final class OperatorSite {
  let compiler: PlanCompiler
  let unit: PlanGraph.Unit
  private let index: Int
  /// Units that the step computes, this one first.
  private(set) var units: [PlanGraph.Unit]
  /// The unit whose outputs the step makes: this one, or the last that was fused into it.
  private(set) var lastUnit: PlanGraph.Unit
  /// Operands that stand in for the unit's own: codes in place of real values.
  var replacedInputs: [Int: Value] = [:]
  /// The half type that float32 results will be rounded to, where operands were widened from it.
  var narrowType: ElementType?
  /// When set, outputs are collected here and not made known.
  var collectedOutputs: [Value]?

  init(compiler: PlanCompiler, unit index: Int) {
    self.compiler = compiler
    self.index = index
    unit = compiler.graph.units[index]
    units = [unit]
    lastUnit = unit
  }

  var isa: InstructionSet { compiler.isa }
  var operatorName: String { unit.operatorName }
  var nodeName: String { unit.label }
  var inputCount: Int { unit.inputs.count }
  var outputCount: Int { unit.outputs.count }

  // Operands.

  func hasInput(_ index: Int) -> Bool {
    index < unit.inputs.count && !unit.inputs[index].isEmpty
  }

  func input(_ index: Int) throws(ExecutionError) -> Value {
    guard hasInput(index) else {
      throw .missingOperand(operatorName: operatorName, node: nodeName, index: index)
    }
    if let replaced = replacedInputs[index] { return replaced }
    let value = try compiler.value(named: unit.inputs[index], for: nodeName)
    if value.elementType == .string { throw compiler.stringValue(value.name) }
    return value
  }

  func optionalInput(_ index: Int) throws(ExecutionError) -> Value? {
    hasInput(index) ? try input(index) : nil
  }

  /// An operand that must be known before the data are.
  func constant(_ index: Int) throws(ExecutionError) -> Tensor {
    guard let tensor = compiler.constant(of: try input(index)) else {
      throw .dataDependentShape(
        operatorName: operatorName, node: nodeName, input: unit.inputs[index])
    }
    return tensor
  }

  func optionalConstant(_ index: Int) throws(ExecutionError) -> Tensor? {
    hasInput(index) ? try constant(index) : nil
  }

  /// The elements of a constant int32 or int64 operand.
  func integers(_ index: Int) throws(ExecutionError) -> [Int] {
    let tensor = try constant(index)
    guard let values = tensor.integers else {
      throw .wrongElementType(
        operatorName: operatorName, node: nodeName, found: tensor.elementType)
    }
    return values
  }

  /// A constant float32 operand, weights for instance.
  func floats(_ index: Int) throws(ExecutionError) -> [Float] {
    let tensor = try constant(index)
    guard tensor.elementType == .float32 else {
      throw .wrongElementType(
        operatorName: operatorName, node: nodeName, found: tensor.elementType)
    }
    return tensor.floats
  }

  /// Where `value` lies in `layout`.
  func read(_ value: Value, _ layout: Layout = .rowMajor) -> Buffer.ID {
    compiler.buffer(of: value, in: layout)
  }

  func requireFloat(_ value: Value) throws(ExecutionError) {
    guard value.elementType == .float32 else {
      throw .wrongElementType(
        operatorName: operatorName, node: nodeName, found: value.elementType)
    }
  }

  func mismatch(_ detail: String) -> ExecutionError {
    .shapeMismatch(operatorName: operatorName, node: nodeName, detail: detail)
  }

  func unsupported(_ detail: String) -> ExecutionError {
    .unsupportedVariant(operatorName: operatorName, node: nodeName, detail: detail)
  }

  func axis(_ axis: Int, of shape: Shape) throws(ExecutionError) -> Int {
    guard let resolved = shape.resolved(axis: axis) else {
      throw mismatch("axis \(axis) of a value of shape \(shape)")
    }
    return resolved
  }

  // Outputs.

  /// A new value in the arena, for the output of that number of the last unit of this step.
  func output(
    _ index: Int = 0, _ elementType: ElementType = .float32, _ shape: Shape,
    _ layout: Layout = .rowMajor
  ) throws(ExecutionError) -> Value {
    guard let count = shape.checkedElementCount, count < 1 << 48 else {
      throw mismatch("the output would have shape \(shape)")
    }
    let name = index < lastUnit.outputs.count ? lastUnit.outputs[index] : ""
    let value = Value(name: name, elementType: elementType, shape: shape, layout: layout)
    value.forms[layout] = compiler.addBuffer(
      .arena, byteCount: elementType.byteCount(elements: count))
    return value
  }

  /// Where a new output is to be written.
  func write(_ value: Value) -> Buffer.ID {
    guard let form = value.forms[value.layout] else {
      preconditionFailure("output '\(value.name)' has no buffer")
    }
    return form
  }

  func scratch(byteCount: Int) -> Buffer.ID? {
    byteCount > 0 ? compiler.addBuffer(.arena, byteCount: byteCount) : nil
  }

  /// Emits the step that makes `outputs`, and makes them known.
  func emit(
    _ outputs: [Value], kernel: String, reads: [Buffer.ID], scratch: Buffer.ID? = nil,
    multiplyAccumulates: Int = 0, weightByteCount: Int = 0, isInteger: Bool = false,
    sharesInputs: [Int] = [], saturation: SaturatingTwin? = nil, safeRun: Double? = nil,
    body: @escaping Step.Body
  ) throws(ExecutionError) {
    let isIsland =
      !isInteger && compiler.options.mode == .integer && outputs.first?.elementType == .float32
    var step = Step(
      name: nodeName, operatorName: units.map(\.operatorName).joined(separator: "+"),
      nodes: units.flatMap(\.nodes), output: outputs.first?.name ?? "",
      outputShape: outputs.first?.shape ?? .scalar,
      kernel: isIsland ? kernel + " (fp32 island)" : kernel, reads: reads,
      writes: outputs.map(write), scratch: scratch, body: body)
    step.multiplyAccumulates = multiplyAccumulates
    step.weightByteCount = weightByteCount
    step.isInteger = isInteger
    step.sharesInputs = sharesInputs
    step.saturation = saturation
    step.safeRun = safeRun
    try compiler.emit(step)
    for output in outputs { declare(output) }
  }

  /// Makes an output known that needs no step, or whose step was emitted elsewhere.
  func declare(_ value: Value) {
    if collectedOutputs != nil {
      collectedOutputs?.append(value)
    } else if !value.name.isEmpty {
      compiler.declare(value)
    }
  }

  /// Output `index` is known without data.
  func emitConstant(_ tensor: Tensor, _ index: Int = 0) {
    declare(compiler.addConstant(tensor, name: lastUnit.outputs[index]))
  }

  /// Output `index` has the same row-major elements as `value`, under another shape.
  func emitAlias(of value: Value, shape: Shape, _ index: Int = 0) {
    let alias = Value(name: lastUnit.outputs[index], elementType: value.elementType, shape: shape)
    if shape == value.shape {
      // Also keeps the layout, and codes that nothing has dequantized.
      alias.forms = value.forms
      alias.layout = value.layout
      alias.codes = value.codes
      if alias.forms.isEmpty && alias.codes == nil { alias.forms[.rowMajor] = read(value) }
    } else {
      alias.forms[.rowMajor] = read(value)
    }
    declare(alias)
  }

  // Fusion.

  /// The unit that alone reads what this step makes so far, when it may become part of the step.
  func follower() -> (index: Int, unit: PlanGraph.Unit)? {
    guard compiler.fuses, narrowType == nil, let output = lastUnit.outputs.first,
      lastUnit.outputs.dropFirst().allSatisfy(\.isEmpty),
      let reader = compiler.graph.soleReader(of: output), !compiler.isAbsorbed(reader)
    else { return nil }
    return (reader, compiler.graph.units[reader])
  }

  /// Makes the follower part of this step.
  func absorb(_ follower: Int) {
    compiler.absorb(follower)
    lastUnit = compiler.graph.units[follower]
    units.append(lastUnit)
  }

  /// Makes a unit before this one part of this step, one that emitted nothing.
  func include(_ unit: PlanGraph.Unit) { units.append(unit) }
}

extension Tensor {
  /// The elements of an int32 or int64 tensor; `nil` for any other type.
  var integers: [Int]? {
    switch elementType {
    case .int64: array(of: Int64.self).map { Int(clamping: $0) }
    case .int32: array(of: Int32.self).map { Int($0) }
    default: nil
    }
  }
}
