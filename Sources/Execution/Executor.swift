package import Graphs
package import Kernels
package import Tensors

/// Runs one model. Owns working memory and threads, so it belongs to one caller at a time.
///
/// A plan is compiled for the shapes of the inputs and goes as far as these tell. Where an operator
/// wants to know elements, or runs a graph of its own, the plan pauses, and what follows is
/// compiled for what was found; every part is kept for the next run that takes the same way.
package final class Executor {
  /// The model that plans are compiled from, with operators on codes spelled out: node ids and
  /// value names of plans are found here.
  package let model: Model
  package let options: ExecutionOptions
  let graph: PlanGraph
  /// Why operators on codes could not be spelled out.
  let refusals: [Node.ID: String]
  /// Free for others between the steps of a run: threads of their own would fall asleep and wake
  /// up in turn with these.
  package let pool: ThreadPool
  var plans: [[String: Signature]: CompiledPlan] = [:]
  /// Keys of `plans`, least recently used first.
  var planOrder: [[String: Signature]] = []
  var bodies: [Node.ID: [String: Executor]] = [:]
  let arena = Arena()
  /// Of a subgraph: what it takes from the graph around it.
  let capturedInputs: Set<String>

  /// - Parameter isPrepared: whether `model` came out of `Model.prepared()`.
  /// - Throws: ``ExecutionError/invalidModel(_:)`` when the model cannot be brought up to opset 13.
  package convenience init(
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
    self.init(
      prepared: model, options: options, capturedInputs: [],
      pool: ThreadPool(threads: max(options.threads, 1)))
  }

  /// For a graph inside of a node: values around it are inputs, behind its own.
  convenience init(body: Graph, of outer: Executor) throws(ExecutionError) {
    var model = outer.model
    let captured = body.freeNames
    model.graph = body
    model.graph.inputs += captured.sorted().map {
      ValueDeclaration(name: $0, elementType: nil, dimensions: nil)
    }
    var options = outer.options
    options.kept.subtract(captured)
    self.init(prepared: model, options: options, capturedInputs: captured, pool: outer.pool)
  }

  private init(
    prepared model: Model, options: ExecutionOptions, capturedInputs: Set<String>, pool: ThreadPool
  ) {
    var model = model
    let expansion = CodeExpansion(model.graph, opset: model.opset)
    model.graph = expansion.graph
    refusals = expansion.refusals
    self.model = model
    self.options = options
    self.capturedInputs = capturedInputs
    self.pool = pool
    graph = PlanGraph(
      self.model.graph, kept: options.kept, findsPatterns: options.fuses)
  }

  package var inputs: [ValueDeclaration] { model.graph.requiredInputs }
  package var outputs: [ValueDeclaration] { model.graph.outputs }
  /// Names of the inputs that are not captured, in order.
  var ownInputs: [String] {
    inputs.map(\.name).filter { !capturedInputs.contains($0) }
  }

  package func run(_ inputs: [String: Tensor]) throws(ExecutionError) -> [String: Tensor] {
    try tensors(execute(inputs, measuring: nil))
  }

  /// Calls `observe` once per kept value, after the step that makes it and in the order of the
  /// run: never for a value that this run does not make, once per iteration for one in the body of
  /// a loop. Values known before any data arrive are not shown.
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
    try withoutActuallyEscaping(transform) { transform in
      try tensors(execute(try checked(inputs), Observer(transform)))
    }
  }

  /// As `run(_:observe:)`, also for inputs and outputs that are sequences or optionals.
  package func run(
    values: [String: RunValue], observe: (ObservedValue) throws -> Void
  ) throws -> [String: RunValue] {
    try withoutActuallyEscaping(observe) { observe in
      try execute(try checked(values), Observer { value, _ in try observe(value) })
    }
  }

  /// Checks that these are the model's inputs, by name and type.
  func checked(_ inputs: [String: Tensor]) throws(ExecutionError) -> [String: RunValue] {
    try checked(inputs.mapValues { .tensor($0) })
  }

  func checked(_ inputs: [String: RunValue]) throws(ExecutionError) -> [String: RunValue] {
    for name in inputs.keys where !self.inputs.contains(where: { $0.name == name }) {
      throw .unknownInput(name: name, known: self.inputs.map(\.name))
    }
    for declaration in self.inputs {
      guard let value = inputs[declaration.name] else {
        throw .missingInput(name: declaration.name)
      }
      guard declaration.form == .tensor else { continue }
      guard let tensor = value.tensor else { throw .notATensor(value: declaration.name) }
      guard let expected = declaration.elementType else { continue }
      guard tensor.elementType == expected else {
        throw .wrongType(input: declaration.name, expected: expected, found: tensor.elementType)
      }
      try declaration.check(tensor.shape)
    }
    return inputs
  }

  func tensors(_ values: [String: RunValue]) throws(ExecutionError) -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (name, value) in values {
      guard let tensor = value.tensor else { throw .notATensor(value: name) }
      tensors[name] = tensor
    }
    return tensors
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
