internal import Graphs
internal import Kernels
internal import Tensors

/// Turns a graph into steps for inputs of known shapes, one unit after the other.
///
/// All that is known early is computed early: a step whose inputs are constants runs at once and
/// leaves a constant, so shape arithmetic never reaches the plan.
final class PlanCompiler {
  let model: Model
  let graph: PlanGraph
  private let refusals: [Node.ID: String]
  let options: ExecutionOptions
  let pool: ThreadPool
  private(set) var buffers: [Buffer] = []
  private(set) var steps: [Step] = []
  private(set) var values: [String: Value] = [:]
  private(set) var observations: [Observation] = []
  /// Units that another unit's step computes.
  private var absorbed = Set<Int>()
  /// Dequantizers of constants, compiled when a float step reads them.
  private var deferred: [String: Int] = [:]

  var isa: InstructionSet { options.instructionSet }
  var fuses: Bool { options.fuses }

  /// - Parameter refusals: what to say of nodes that nothing can compile.
  init(
    model: Model, graph: PlanGraph, refusals: [Node.ID: String], options: ExecutionOptions,
    pool: ThreadPool
  ) {
    self.model = model
    self.graph = graph
    self.refusals = refusals
    self.options = options
    self.pool = pool
  }

  func compile(shapes: [String: Shape]) throws(ExecutionError) -> CompiledPlan {
    for input in model.graph.requiredInputs {
      guard let shape = shapes[input.name] else { throw .missingInput(name: input.name) }
      let type = input.elementType ?? .float32
      let value = Value(name: input.name, elementType: type, shape: shape)
      value.forms[.rowMajor] = addBuffer(
        .input(input.name), byteCount: type.byteCount(elements: shape.elementCount))
      declare(value)
    }
    for index in graph.units.indices where !absorbed.contains(index) {
      if isDeferrable(graph.units[index]) {
        for output in graph.units[index].outputs { deferred[output] = index }
      } else {
        try compileUnit(index)
      }
    }
    var outputs: [CompiledPlan.Output] = []
    for output in model.graph.outputs {
      let value = try self.value(named: output.name, for: "the model's outputs")
      outputs.append(
        CompiledPlan.Output(
          name: output.name, elementType: value.elementType, shape: value.shape,
          buffer: buffer(of: value, in: .rowMajor)))
    }
    return CompiledPlan(
      buffers: buffers, steps: steps, outputs: outputs, observations: observations,
      inputShapes: shapes)
  }

  private func isDeferrable(_ unit: PlanGraph.Unit) -> Bool {
    unit.is("DequantizeLinear")
      && unit.inputs.allSatisfy { $0.isEmpty || model.graph.constant($0) != nil }
  }

  private func compileUnit(_ index: Int) throws(ExecutionError) {
    let site = OperatorSite(compiler: self, unit: index)
    if options.mode == .integer, try IntegerCompiler(site: site).compile() { return }
    if try compileElementwise(site) { return }
    switch graph.units[index].kind {
    case .pattern(.layerNormalization(let axes, let epsilon, _, _)):
      try LayerNormalization(axes: axes, epsilon: epsilon).compile(site)
    case .pattern:
      throw site.unsupported("its elements are not float32")
    case .node(let node):
      if let reason = refusals[node.id] { throw site.unsupported(reason) }
      if let type = OperatorRegistry.standard.tensorOperator(for: node.operatorName) {
        return try compile(try type.init(node, opset: model.opset), at: site)
      }
      guard let kernel = OperatorRegistry.standard.kernel(for: node.operatorName) else {
        throw .unsupportedOperator(
          name: node.operatorName.description, node: node.name, opset: model.opset)
      }
      try kernel.init(node, opset: model.opset).compileAnyPrecision(site)
    }
  }

  /// Computes an operator on constants at once.
  private func compile(
    _ tensorOperator: any TensorOperator, at site: OperatorSite
  ) throws(ExecutionError) {
    var inputs: [RunValue?] = []
    for index in 0..<site.inputCount {
      inputs.append(try site.optionalConstant(index).map { .tensor($0) })
    }
    let call = OperatorCall(
      operatorName: site.operatorName, nodeName: site.nodeName, outputCount: site.outputCount,
      instructionSet: isa, pool: pool)
    for (index, result) in try tensorOperator.run(inputs, call).prefix(site.outputCount)
      .enumerated()
    {
      guard let tensor = result.tensor else { throw site.unsupported("it makes no tensor") }
      site.emitConstant(tensor, index)
    }
  }

  // Units and names.

  func isAbsorbed(_ unit: Int) -> Bool { absorbed.contains(unit) }

  /// Marks a unit as computed by another unit's step.
  func absorb(_ unit: Int) { absorbed.insert(unit) }

  /// The value of that name, if something before this point made it.
  func existingValue(named name: String) throws(ExecutionError) -> Value? {
    if let value = values[name] { return value }
    if let tensor = model.graph.constant(name) {
      let value = addConstant(tensor, name: name)
      values[name] = value
      return value
    }
    guard let unit = deferred.removeValue(forKey: name) else { return nil }
    try compileUnit(unit)
    return values[name]
  }

  /// Whether the value of that name is a constant, or will be one when it is asked for.
  func isKnown(_ name: String) -> Bool {
    model.graph.constant(name) != nil || deferred[name] != nil
      || values[name].map(isConstant) ?? false
  }

  func value(named name: String, for node: String) throws(ExecutionError) -> Value {
    guard let value = try existingValue(named: name) else {
      throw .undefinedValue(name: name, node: node)
    }
    return value
  }

  /// Makes a value known, and shows it to observers when it is kept.
  func declare(_ value: Value) {
    values[value.name] = value
    guard options.kept.contains(value.name) else { return }
    if options.mode != .integer, value.elementType == .float32, value.forms.isEmpty {
      // Observers of float plans may change what they see, so the real value must exist.
      _ = buffer(of: value, in: value.preferredLayout)
    }
    let preferred = value.preferredLayout
    let layout = value.forms[preferred] == nil ? value.forms.keys.first ?? preferred : preferred
    let form = value.forms[layout]
    if let form, buffers[form.rawValue].isConstant { return }
    observations.append(
      Observation(
        value: value, afterStep: steps.count - 1, layout: layout,
        floats: value.elementType == .float32 ? form : nil,
        isWritable: form.map { buffers[$0.rawValue].isInArena } ?? false,
        other: value.elementType == .float32 ? nil : form, codes: value.codes,
        codeBuffer: value.codes?.value.forms[layout]))
  }

  // Buffers.

  func addBuffer(_ home: Buffer.Home, byteCount: Int) -> Buffer.ID {
    buffers.append(Buffer(home: home, byteCount: byteCount))
    return Buffer.ID(rawValue: buffers.count - 1)
  }

  func addConstant(_ tensor: Tensor, name: String = "") -> Value {
    let value = Value(name: name, elementType: tensor.elementType, shape: tensor.shape)
    value.forms[.rowMajor] = addBuffer(.constant(tensor), byteCount: tensor.byteCount)
    return value
  }

  /// Whether the value's bytes are known already.
  func isConstant(_ value: Value) -> Bool {
    value.forms.values.contains { buffers[$0.rawValue].isConstant }
  }

  /// The tensor behind a value that is known already, in row-major order.
  func constant(of value: Value) -> Tensor? {
    guard let known = value.forms.values.first, buffers[known.rawValue].isConstant else {
      return nil
    }
    let form = buffer(of: value, in: .rowMajor)
    guard case .constant(let tensor) = buffers[form.rawValue].home else { return nil }
    return Tensor(
      value.elementType, shape: value.shape, storage: tensor.storage,
      byteOffset: tensor.byteOffset)
  }

  // Steps.

  /// Appends a step, or runs it at once when everything it reads is constant.
  func emit(_ step: Step) throws(ExecutionError) {
    if !step.reads.isEmpty, step.reads.allSatisfy({ buffers[$0.rawValue].isConstant }) {
      try runNow(step)
    } else {
      steps.append(step)
    }
  }

  private func runNow(_ step: Step) throws(ExecutionError) {
    let table = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: buffers.count)
    defer { table.deallocate() }
    let nowhere = UnsafeMutableRawPointer(table)
    table.initialize(repeating: nowhere, count: buffers.count)
    for buffer in step.reads {
      guard case .constant(let tensor) = buffers[buffer.rawValue].home else { continue }
      table[buffer.rawValue] = tensor.storage.base + tensor.byteOffset
    }
    let scratch = step.scratch.map { [$0] } ?? []
    for buffer in step.writes + scratch {
      let storage = TensorStorage(byteCount: buffers[buffer.rawValue].byteCount)
      table[buffer.rawValue] = storage.base
      buffers[buffer.rawValue].home = .constant(
        Tensor(.uint8, shape: [storage.byteCount], storage: storage))
    }
    try step.body(RunContext(pointers: table, pool: pool))
  }

}
