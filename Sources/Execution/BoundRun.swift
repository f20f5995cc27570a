internal import Graphs
internal import Kernels
package import Tensors

/// A plan between tensors that stay where they are, made to run again and again: a run looks
/// nothing up, checks nothing, and allocates nothing.
///
/// The inputs are those it was made with, until `writeInput` changes them. Belongs to the one caller
/// of its executor.
package final class BoundRun {
  let plan: CompiledPlan
  private let executor: Executor
  private var inputs: [String: Tensor]
  /// Holds the results of the last run; all zero before the first.
  private let results: [TensorStorage]
  /// Where each buffer of the plan is.
  private let table: UnsafeMutablePointer<UnsafeMutableRawPointer>
  /// The working memory that `table` points into.
  private var base: UnsafeMutableRawPointer?

  fileprivate init(_ plan: CompiledPlan, _ executor: Executor, _ inputs: [String: Tensor]) {
    self.plan = plan
    self.executor = executor
    self.inputs = inputs
    results = plan.outputs.map {
      TensorStorage(byteCount: $0.elementType.byteCount(elements: $0.shape.elementCount))
    }
    table = .allocate(capacity: max(plan.buffers.count, 1))
    for (index, buffer) in plan.buffers.enumerated() {
      if case .constant(let tensor) = buffer.home {
        table[index] = tensor.storage.base + tensor.byteOffset
      }
    }
    for (storage, buffers) in zip(results, plan.outputBuffers) {
      for buffer in buffers { table[buffer] = storage.base }
    }
    placeInputs()
  }

  deinit { table.deallocate() }

  /// The results of the last run. A tensor that was taken keeps changing with the runs that follow.
  package var outputs: [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: zip(plan.outputs, results).map { output, storage in
        (output.name, Tensor(output.elementType, shape: output.shape, storage: storage))
      })
  }

  /// Overwrites an input in place, for the runs that follow.
  /// - Throws: ``ExecutionError/unknownInput(name:known:)``.
  package func writeInput(
    _ name: String, _ body: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(ExecutionError) {
    guard inputs[name] != nil else {
      throw .unknownInput(name: name, known: inputs.keys.sorted())
    }
    inputs[name]?.withUnsafeMutableBytes(body)
    placeInputs()
  }

  package func run() throws(ExecutionError) { try run(nil) }

  /// Tells `visitor` of every step; it observes no values.
  func run(_ visitor: (any RunVisitor)?) throws(ExecutionError) {
    let base = try executor.arena.memory(byteCount: plan.arenaByteCount)
    if base != self.base { placeArena(base) }
    let context = RunContext(pointers: table, pool: executor.pool)
    if let visitor {
      for (number, body) in plan.bodies.enumerated() {
        try body(context)
        visitor.didRun(plan.description.steps[number], number: number, of: plan)
      }
    } else {
      for body in plan.bodies { try body(context) }
    }
    for (index, output) in plan.outputs.enumerated() where plan.outputBuffers[index].isEmpty {
      results[index].base.copyMemory(
        from: table[output.buffer.rawValue], byteCount: results[index].byteCount)
    }
  }

  private func placeInputs() {
    for (index, buffer) in plan.buffers.enumerated() {
      if case .input(let name) = buffer.home, let tensor = inputs[name] {
        table[index] = tensor.storage.base + tensor.byteOffset
      }
    }
  }

  /// Points the table to working memory that is new, or has moved because another plan needed more.
  private func placeArena(_ base: UnsafeMutableRawPointer) {
    self.base = base
    for index in plan.buffers.indices where plan.isInArena[index] {
      table[index] = base + plan.offsets[index]
    }
  }
}

extension Executor {
  /// What runs for these inputs, bound to them; `nil` where the data decide the way, which only
  /// `run` can follow.
  package func bound(to inputs: [String: Tensor]) throws(ExecutionError) -> BoundRun? {
    let plan = try compiledPlan(for: try checked(inputs).mapValues(Signature.init))
    return plan.pause == nil ? BoundRun(plan, self, inputs) : nil
  }
}
