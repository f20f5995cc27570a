internal import Graphs
internal import Kernels
internal import Tensors

/// Turns a graph into steps for inputs of known shapes, one unit after the other.
///
/// All that is known early is computed early: a step whose inputs are constants runs at once and
/// leaves a constant, so shape arithmetic never reaches the plan. Where an operator wants to know
/// more than shapes tell, the plan pauses; what follows is compiled when the values are there.
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
  /// Values that are sequences or optionals, which no step can read.
  private var nonTensors: Set<String> = []

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

  /// Compiles from the first unit on, as far as the operands' signatures alone tell.
  func compile(inputs: [String: Signature]) throws(ExecutionError) -> CompiledPlan {
    for input in model.graph.requiredInputs {
      switch inputs[input.name] {
      case nil: throw .missingInput(name: input.name)
      case .nonTensor?: nonTensors.insert(input.name)
      case .tensor(.string, _)?: throw stringValue(input.name)
      case .tensor(let type, let shape)?:
        let value = Value(name: input.name, elementType: type, shape: shape)
        value.forms[.rowMajor] = addBuffer(
          .input(input.name), byteCount: type.byteCount(elements: shape.elementCount))
        declare(value)
      }
    }
    return try compile(from: 0)
  }

  /// Compiles what follows a part that ran, now that more is known.
  ///
  /// - Parameter results: what the operator behind that part made, or the value it was to find out.
  func compile(
    after part: CompiledPlan, _ pause: PlanPause, results: [String: PartResult]
  ) throws(ExecutionError) -> CompiledPlan {
    absorbed = pause.absorbed
    deferred = pause.deferred
    nonTensors = pause.nonTensors
    var transfer = ValueTransfer(from: part, pause)
    for (name, value) in pause.values.sorted(by: { $0.key < $1.key }) {
      values[name] = transfer.value(value, in: self)
    }
    for (name, result) in results.sorted(by: { $0.key < $1.key }) {
      switch result {
      case .known(let tensor): values[name] = addConstant(tensor, name: name)
      case .made(let slot, .tensor(let type, let shape)):
        let value = Value(name: name, elementType: type, shape: shape)
        value.forms[.rowMajor] = addBuffer(
          .carried(slot), byteCount: type.byteCount(elements: shape.elementCount))
        declare(value)
      case .made(_, .nonTensor): nonTensors.insert(name)
      }
    }
    return try compile(from: pause.nextUnit)
  }

  /// Refuses a string, by what would read it.
  func stringValue(_ name: String) -> ExecutionError {
    let reader = graph.readers(of: name).first.map {
      "\(graph.units[$0].operatorName) (opset \(model.opset))"
    }
    return .stringValue(name: name, reader: reader ?? "An output of the model")
  }

  private func compile(from first: Int) throws(ExecutionError) -> CompiledPlan {
    for index in graph.units.indices[first...] where !absorbed.contains(index) {
      let unit = graph.units[index]
      if isDeferrable(unit) {
        for output in unit.outputs { deferred[output] = index }
        continue
      }
      if let operation = try pausingOperation(of: unit) {
        return try pause(before: index, for: .operation(operation), reading: unit.reads)
      }
      do {
        try compileUnit(index)
      } catch {
        guard case .dataDependentShape(_, _, let name) = error, let value = values[name],
          !isConstant(value)
        else { throw error }
        return try pause(before: index, for: .content(name), reading: [name])
      }
    }
    var outputs: [CompiledPlan.Output] = []
    for output in model.graph.outputs {
      guard !nonTensors.contains(output.name) else { continue }
      let value = try self.value(named: output.name, for: "the model's outputs")
      if value.elementType == .string { throw stringValue(output.name) }
      outputs.append(
        CompiledPlan.Output(
          name: output.name, elementType: value.elementType, shape: value.shape,
          buffer: buffer(of: value, in: .rowMajor)))
    }
    return CompiledPlan(
      buffers: buffers, steps: steps, outputs: outputs, observations: observations, pause: nil)
  }

  /// Ends the plan where only the data tell how to go on.
  ///
  /// - Parameter names: values whose row-major bytes are wanted before the rest is compiled.
  private func pause(
    before unit: Int, for reason: PlanPause.Reason, reading names: [String]
  ) throws(ExecutionError) -> CompiledPlan {
    let next = if case .operation = reason { unit + 1 } else { unit }
    var needed = Set(model.graph.outputs.map(\.name))
    for index in graph.units.indices[next...] where !absorbed.contains(index) {
      needed.formUnion(graph.units[index].reads)
    }
    var operands: [String: Buffer.ID] = [:]
    for name in names where !name.isEmpty && !nonTensors.contains(name) {
      let value = try value(named: name, for: graph.units[unit].name)
      operands[name] = buffer(of: value, in: .rowMajor)
    }
    let kept = values.filter { needed.contains($0.key) || operands[$0.key] != nil }
    let pause = PlanPause(
      reason: reason, unit: graph.units[unit], nextUnit: next, values: kept, operands: operands,
      absorbed: absorbed, deferred: deferred, nonTensors: nonTensors, buffers: buffers)
    return CompiledPlan(
      buffers: buffers, steps: steps, outputs: [], observations: observations, pause: pause)
  }

  /// What computes `unit` between two parts of a plan, if it is an operator of that kind.
  private func pausingOperation(
    of unit: PlanGraph.Unit
  ) throws(ExecutionError) -> PlanPause.Operation? {
    guard let node = unit.node else { return nil }
    if node.is("Identity"), let input = node.input(0), nonTensors.contains(input) {
      return .tensors(ValuePassing(node, opset: model.opset))
    }
    if let type = OperatorRegistry.standard.controlFlow(for: node.operatorName) {
      return .controlFlow(try type.init(node, opset: model.opset))
    }
    if let type = OperatorRegistry.standard.tensorOperator(for: node.operatorName) {
      var isKnown = true
      for name in unit.inputs where !name.isEmpty && isKnown {
        let value = nonTensors.contains(name) ? nil : try existingValue(named: name)
        isKnown = value.map { isConstant($0) } ?? false
      }
      return isKnown && !type.makesOtherValues
        ? nil : .tensors(try type.init(node, opset: model.opset))
    }
    return nil
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
      try LayerNormalization(axes: axes, epsilon: epsilon).compileAnyPrecision(site)
    case .pattern(let kind):
      guard let operation = Elementwise(kind) else {
        throw site.unsupported("its elements are not float32")
      }
      try operation.compileAnyPrecision(site)
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
    let call = OperatorCall(site.unit, instructionSet: isa, pool: pool)
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
    if nonTensors.contains(name) { throw .notATensor(value: name) }
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
        isWritable: form.map { buffers[$0.rawValue].isOwned } ?? false,
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
