internal import Graphs
internal import Kernels
package import Tensors

/// The parts of a run: a plan, what it leaves open, the plan behind it.
extension Executor {
  /// Packed weights belong to plans, so an unlimited number of shapes would fill the memory.
  private static let planLimit = 8

  /// Runs part after part until the model's outputs are made.
  func execute(
    _ inputs: [String: RunValue], _ visitor: (any RunVisitor)?
  ) throws -> [String: RunValue] {
    var state = RunState(inputs: inputs)
    var plan = try compiledPlan(for: inputs.mapValues(Signature.init))
    while true {
      let table = try arena.table(for: plan, inputs: state.tensors, carried: state.carried)
      let results = plan.resultStorage(table)
      try withExtendedLifetime((state, results)) {
        try run(plan, RunContext(pointers: table, pool: pool), visitor)
      }
      guard let pause = plan.pause else {
        return collect(plan, table, results, state)
      }
      state.handOn(plan, pause, table)
      plan = try resume(plan, pause, &state, visitor)
    }
  }

  private func run(
    _ plan: CompiledPlan, _ context: RunContext, _ visitor: (any RunVisitor)?
  ) throws {
    guard let visitor else {
      for body in plan.bodies { try body(context) }
      return
    }
    var pending = plan.observations[...]
    func show(upTo step: Int) throws {
      while visitor.observes, let next = pending.first, next.afterStep <= step {
        pending.removeFirst()
        try next.show(context, options.instructionSet, visitor.show)
      }
    }
    try show(upTo: -1)
    for (index, step) in plan.steps.enumerated() {
      if !visitor.takesOver(step, context) { try step.body(context) }
      visitor.didRun(plan.description.steps[index], number: index, of: plan)
      try show(upTo: index)
    }
  }

  /// Finds out what the part before left open, and the part that goes on from there.
  private func resume(
    _ plan: CompiledPlan, _ pause: PlanPause, _ state: inout RunState,
    _ visitor: (any RunVisitor)?
  ) throws -> CompiledPlan {
    var key = Continuation()
    var results: [String: PartResult] = [:]
    switch pause.reason {
    case .content(let name):
      let tensor = state.operands[name]?.tensor ?? Tensor([Float]())
      key.shape = tensor.shape
      key.bytes = tensor.withUnsafeBytes { Array($0) }
      results[name] = .known(tensor)
    case .operation(let operation):
      let values = try compute(operation, pause.unit, state, visitor)
      for (name, value) in zip(pause.unit.outputs, values) where !name.isEmpty {
        let signature = Signature(value)
        key.signatures.append(signature)
        results[name] = .made(
          slot: state.add(value, named: name, isShown: options.kept.contains(name)), signature)
      }
      visitor?.didRun(
        plan.description.steps[plan.steps.count], number: plan.steps.count, of: plan)
    }
    if let next = plan.continuations[key] { return next }
    let compiler = PlanCompiler(
      model: model, graph: graph, refusals: refusals, options: options, pool: pool)
    let next = try compiler.compile(after: plan, pause, results: results)
    if plan.continuations.count >= Self.planLimit { plan.continuations.removeAll() }
    plan.continuations[key] = next
    return next
  }

  private func compute(
    _ operation: PlanPause.Operation, _ unit: PlanGraph.Unit, _ state: RunState,
    _ visitor: (any RunVisitor)?
  ) throws -> [RunValue] {
    let call = OperatorCall(unit, instructionSet: options.instructionSet, pool: pool)
    let inputs = unit.inputs.map { $0.isEmpty ? nil : state.operands[$0] }
    let values: [RunValue]
    switch operation {
    case .tensors(let tensorOperator):
      values = try tensorOperator.run(inputs, call)
    case .controlFlow(let controlFlow):
      let captured = Dictionary(
        unit.captured.compactMap { name in state.operands[name].map { (name, $0) } },
        uniquingKeysWith: { first, _ in first })
      let runner = BodyRunner(
        bodies: try bodies(of: unit), captured: captured, visitor: visitor)
      values = try controlFlow.run(inputs, call, bodies: runner)
    }
    guard values.count >= unit.outputs.count else {
      throw call.mismatch("it makes \(values.count) values, not \(unit.outputs.count)")
    }
    return values
  }

  /// Executors of the unit's graphs, by attribute; made when the unit runs for the first time.
  private func bodies(of unit: PlanGraph.Unit) throws(ExecutionError) -> [String: Executor] {
    guard let node = unit.node else { return [:] }
    if let known = bodies[node.id] { return known }
    var made: [String: Executor] = [:]
    for (name, attribute) in node.attributes {
      guard let body = attribute.subgraphs.first else { continue }
      made[name] = try Executor(body: body, of: self)
    }
    bodies[node.id] = made
    return made
  }

  /// The description of the plan, if it goes from the inputs to the outputs without a pause.
  func wholePlan(for inputs: [String: RunValue]) throws(ExecutionError) -> Plan? {
    let plan = try compiledPlan(for: inputs.mapValues(Signature.init))
    return plan.pause == nil ? plan.description : nil
  }

  func compiledPlan(
    for inputs: [String: Signature]
  ) throws(ExecutionError) -> CompiledPlan {
    if let plan = plans[inputs] {
      planOrder.removeAll { $0 == inputs }
      planOrder.append(inputs)
      return plan
    }
    let compiler = PlanCompiler(
      model: model, graph: graph, refusals: refusals, options: options, pool: pool)
    let plan = try compiler.compile(inputs: inputs)
    if planOrder.count >= Self.planLimit { plans[planOrder.removeFirst()] = nil }
    plans[inputs] = plan
    planOrder.append(inputs)
    return plan
  }

  /// Compiles the plan for inputs of these shapes before there are any.
  package func compile(for shapes: [String: Shape]) throws(ExecutionError) {
    var signatures: [String: Signature] = [:]
    for input in inputs {
      guard let type = input.elementType, let shape = shapes[input.name] else { return }
      signatures[input.name] = .tensor(type, shape)
    }
    _ = try compiledPlan(for: signatures)
  }

  /// Takes over what `other`, made from the same model with the same options, has compiled, so that
  /// packed weights are there once. Both may run at the same time: a plan that never pauses does
  /// not change. A plan has scratch memory for the threads of who compiled it, so that an executor
  /// with more takes none.
  package func takePlans(of other: Executor) {
    guard pool.threadCount <= other.pool.threadCount else { return }
    for signatures in other.planOrder
    where plans[signatures] == nil && planOrder.count < Self.planLimit {
      guard let plan = other.plans[signatures], plan.pause == nil else { continue }
      plans[signatures] = plan
      planOrder.append(signatures)
    }
  }

  private func collect(
    _ plan: CompiledPlan, _ table: UnsafeMutablePointer<UnsafeMutableRawPointer>,
    _ storage: [TensorStorage?], _ state: RunState
  ) -> [String: RunValue] {
    var results: [String: RunValue] = [:]
    for output in outputs { results[output.name] = state.nonTensors[output.name] }
    for (output, made) in zip(plan.outputs, storage) {
      let byteCount = output.elementType.byteCount(elements: output.shape.elementCount)
      let storage = made ?? TensorStorage(uninitializedByteCount: byteCount)
      if made == nil, byteCount > 0 {
        storage.base.copyMemory(from: table[output.buffer.rawValue], byteCount: byteCount)
      }
      results[output.name] = .tensor(
        Tensor(output.elementType, shape: output.shape, storage: storage))
    }
    return results
  }
}

extension CompiledPlan {
  /// New memory for the outputs that are made in place, which `table` then points to.
  fileprivate func resultStorage(
    _ table: UnsafeMutablePointer<UnsafeMutableRawPointer>
  ) -> [TensorStorage?] {
    zip(outputs, outputBuffers).map { output, buffers in
      guard !buffers.isEmpty else { return nil }
      let storage = TensorStorage(
        uninitializedByteCount: output.elementType.byteCount(elements: output.shape.elementCount))
      for buffer in buffers { table[buffer] = storage.base }
      return storage
    }
  }
}
