package import Graphs
internal import Kernels
package import Tensors

/// Runs one model. Owns working memory and threads, so it belongs to one caller at a time.
package final class Executor {
  /// The model that plans are compiled from, with operators on codes spelled out: node ids and
  /// value names of plans are found here.
  package let model: Model
  package let options: ExecutionOptions
  private let graph: PlanGraph
  /// Why operators on codes could not be spelled out.
  private let refusals: [Node.ID: String]
  let pool: ThreadPool
  private var plans: [[String: Shape]: CompiledPlan] = [:]
  /// Keys of `plans`, least recently used first.
  private var planOrder: [[String: Shape]] = []
  private let arena = Arena()

  /// Packed weights belong to plans, so an unlimited number of shapes would fill the memory.
  private static let planLimit = 8

  /// - Parameter isPrepared: whether `model` came out of `Model.prepared()`.
  /// - Throws: ``ExecutionError/invalidModel(_:)`` when the model cannot be brought up to opset 13.
  package init(
    model: Model, options: ExecutionOptions = ExecutionOptions(), isPrepared: Bool = false
  ) throws(ExecutionError) {
    var model = model
    if !isPrepared {
      do {
        model = try model.prepared().model
      } catch {
        throw .invalidModel("\(error)")
      }
    }
    let expansion = CodeExpansion(model.graph, opset: model.opset)
    model.graph = expansion.graph
    refusals = expansion.refusals
    self.model = model
    self.options = options
    graph = PlanGraph(
      self.model.graph, kept: options.kept, findsPatterns: options.fuses)
    pool = ThreadPool(threads: max(options.threads, 1))
  }

  package var inputs: [ValueDeclaration] { model.graph.requiredInputs }
  package var outputs: [ValueDeclaration] { model.graph.outputs }

  /// What would run for inputs of these shapes. Kept, so that running finds it compiled.
  package func plan(for shapes: [String: Shape]) throws(ExecutionError) -> Plan {
    try compiledPlan(for: shapes).description
  }

  package func run(_ inputs: [String: Tensor]) throws(ExecutionError) -> [String: Tensor] {
    let (plan, table) = try prepare(inputs)
    return try withExtendedLifetime(inputs) { () throws(ExecutionError) in
      let context = RunContext(pointers: table, pool: pool)
      for step in plan.steps { try step.body(context) }
      return collect(plan, table)
    }
  }

  /// Calls `observe` once per kept value, after the step that makes it and in the plan's order.
  /// Values known before any data arrive are not shown.
  package func run(
    _ inputs: [String: Tensor], observe: (ObservedValue) throws -> Void
  ) throws -> [String: Tensor] {
    try run(inputs) { value, _ in try observe(value) }
  }

  /// As `run(_:observe:)`; `transform` may also overwrite the elements of a kept float32 value
  /// before any other step reads it. The buffer is empty for other values.
  package func run(
    _ inputs: [String: Tensor],
    transform: (ObservedValue, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> [String: Tensor] {
    let (plan, table) = try prepare(inputs)
    return try withExtendedLifetime(inputs) {
      let context = RunContext(pointers: table, pool: pool)
      var pending = plan.observations[...]
      func show(upTo step: Int) throws {
        while let next = pending.first, next.afterStep <= step {
          pending.removeFirst()
          try next.show(context, options.instructionSet, transform)
        }
      }
      try show(upTo: -1)
      for (index, step) in plan.steps.enumerated() {
        try step.body(context)
        try show(upTo: index)
      }
      return collect(plan, table)
    }
  }

  /// Checks the inputs, finds their plan and fills in where its buffers are.
  func prepare(
    _ inputs: [String: Tensor]
  ) throws(ExecutionError) -> (CompiledPlan, UnsafeMutablePointer<UnsafeMutableRawPointer>) {
    for name in inputs.keys where !self.inputs.contains(where: { $0.name == name }) {
      throw .unknownInput(name: name, known: self.inputs.map(\.name))
    }
    for declaration in self.inputs {
      guard let tensor = inputs[declaration.name] else {
        throw .missingInput(name: declaration.name)
      }
      let expected = declaration.elementType ?? .float32
      guard tensor.elementType == expected else {
        throw .wrongType(input: declaration.name, expected: expected, found: tensor.elementType)
      }
    }
    let plan = try compiledPlan(for: inputs.mapValues(\.shape))
    return (plan, try arena.table(for: plan, inputs: inputs))
  }

  private func compiledPlan(for shapes: [String: Shape]) throws(ExecutionError) -> CompiledPlan {
    if let plan = plans[shapes] {
      planOrder.removeAll { $0 == shapes }
      planOrder.append(shapes)
      return plan
    }
    for declaration in inputs {
      guard let shape = shapes[declaration.name] else {
        throw .missingInput(name: declaration.name)
      }
      try declaration.check(shape)
    }
    let compiler = PlanCompiler(
      model: model, graph: graph, refusals: refusals, options: options, pool: pool)
    let plan = try compiler.compile(shapes: shapes)
    if planOrder.count >= Self.planLimit { plans[planOrder.removeFirst()] = nil }
    plans[shapes] = plan
    planOrder.append(shapes)
    return plan
  }

  func collect(
    _ plan: CompiledPlan, _ table: UnsafeMutablePointer<UnsafeMutableRawPointer>
  ) -> [String: Tensor] {
    var results: [String: Tensor] = [:]
    for output in plan.outputs {
      var tensor = Tensor(output.elementType, shape: output.shape)
      tensor.withUnsafeMutableBytes { bytes in
        if let base = bytes.baseAddress, bytes.count > 0 {
          base.copyMemory(from: table[output.buffer.rawValue], byteCount: bytes.count)
        }
      }
      results[output.name] = tensor
    }
    return results
  }
}

extension ValueDeclaration {
  /// Whether an input of that shape is what the model declares.
  fileprivate func check(_ shape: Shape) throws(ExecutionError) {
    guard shape.checkedElementCount != nil else {
      throw .wrongShape(input: name, expected: declaredShape, found: shape)
    }
    guard let dimensions else { return }
    let fits =
      dimensions.count == shape.rank
      && zip(dimensions, shape.dimensions).allSatisfy { declared, found in
        declared.fixedExtent.map { $0 == found } ?? true
      }
    guard fits else { throw .wrongShape(input: name, expected: declaredShape, found: shape) }
  }

  private var declaredShape: String {
    guard let dimensions else { return "any shape" }
    return dimensions.isEmpty ? "scalar" : dimensions.map(\.description).joined(separator: "×")
  }
}
