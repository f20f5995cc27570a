internal import Execution
internal import Glibc
package import Graphs
package import Kernels
package import Tensors

/// A model compiled for training on batches of one shape: values forwards, gradients backwards.
///
/// Buffers are placed once; a run allocates nothing. Belongs to one caller at a time.
package final class TrainingPlan {
  package let outputs: [String]
  package let store: ParameterStore
  private let records: [StepRecord]
  private let schedule: BackwardSchedule
  private let outputValues: [String: PlanValue]
  private let slots: [(count: Int, home: SlotHome)]
  private let arena: UnsafeMutableRawPointer
  package let arenaByteCount: Int
  private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private let pool: ThreadPool
  private let isa: InstructionSet
  /// Inputs of the plan, with the slots that point to them.
  private let borders: [(name: String, slot: Slot, shape: Shape)]
  /// Computes the inputs that the model's own inputs are not.
  private let prefix: Executor?
  private var held: [Tensor] = []

  /// - Parameters:
  ///   - model: as preparation leaves it.
  ///   - sample: a batch of the shape to train on.
  ///   - outputs: values to train by, and to read; outputs of the model or inner ones.
  ///   - trained: constants to train; those of weighted operators by default.
  package init(
    _ model: Model, sample: [String: Tensor], outputs: [String], store: ParameterStore,
    trained: Set<String>? = nil, rounding: Rounding? = nil, pool: ThreadPool,
    isa: InstructionSet = .best
  ) throws(TrainingError) {
    let trained = trained ?? TrainableConstants.names(in: model.graph)
    let probe = try ModelProbe(
      model, inputs: sample, trained: trained, threads: pool.threadCount, isa: isa)
    let builder = PlanBuilder(
      model, probe: probe, store: store, trained: trained, rounding: rounding, isa: isa,
      threads: pool.threadCount)
    try builder.compile()
    var outputValues: [String: PlanValue] = [:]
    for name in outputs { outputValues[name] = try builder.outputValue(name) }
    guard outputValues.values.contains(where: { $0.gradient != nil }) else {
      throw .nothingToTrain
    }
    builder.shareValues(targets: Array(outputValues.values))
    schedule = BackwardSchedule(
      builder, targets: outputValues.values.filter { $0.gradient != nil })
    records = builder.records
    slots = builder.slots
    borders = builder.borders.values.map { ($0.name, $0.slot, $0.shape) }
    let places = SlotPlacement(
      records: records, schedule: schedule, outputs: Array(outputValues.values), slots: slots)
    arenaByteCount = places.byteCount
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 64, arenaByteCount + 64) == 0, let memory else {
      throw .execution("Training needs \(arenaByteCount) bytes, which are not to be had.")
    }
    arena = memory
    pointers = .allocate(capacity: max(slots.count, 1))
    for index in slots.indices {
      (pointers + index).initialize(
        to: Self.place(index, slots: slots, places: places, arena: memory, store: store))
    }
    self.store = store
    self.outputs = outputs
    self.outputValues = outputValues
    self.pool = pool
    self.isa = isa
    let computed = builder.borders.keys.filter { sample[$0] == nil }.sorted()
    if computed.isEmpty {
      prefix = nil
    } else {
      var model = model
      model.graph.outputs = computed.map {
        ValueDeclaration(name: $0, elementType: nil, dimensions: nil)
      }
      var report = PreparationReport()
      model.graph.eliminateDeadNodes(recording: &report)
      do throws(ExecutionError) {
        prefix = try Executor(
          model: model,
          options: ExecutionOptions(instructionSet: isa, threads: pool.threadCount),
          isPrepared: true)
      } catch {
        throw .execution("\(error)")
      }
    }
  }

  deinit {
    free(arena)
    pointers.deallocate()
  }

  private static func place(
    _ index: Int, slots: [(count: Int, home: SlotHome)], places: SlotPlacement,
    arena: UnsafeMutableRawPointer, store: ParameterStore
  ) -> UnsafeMutableRawPointer {
    switch slots[index].home {
    case .arena: arena + (places.offsets[index] ?? 0)
    case .input: arena
    case .constant(let tensor): tensor.storage.base + tensor.byteOffset
    case .parameter(let number): UnsafeMutableRawPointer(store.entries[number].values)
    case .parameterGradient(let number):
      UnsafeMutableRawPointer(store.entries[number].gradients)
    case .alias(let other):
      place(other.rawValue, slots: slots, places: places, arena: arena, store: store)
    }
  }

  private func run(_ mode: TrainingMode) -> StepRun {
    StepRun(pointers: pointers, pool: pool, isa: isa, mode: mode)
  }

  /// Computes all values for a batch.
  package func forward(
    _ inputs: [String: Tensor], mode: TrainingMode
  ) throws(TrainingError) {
    var given = inputs
    if let prefix {
      do {
        let wanted = Set(prefix.inputs.map(\.name))
        given.merge(try prefix.run(inputs.filter { wanted.contains($0.key) })) { first, _ in first }
      } catch {
        throw .execution("\(error)")
      }
    }
    held = []
    for border in borders {
      guard let tensor = given[border.name] else { throw .unknownValue(name: border.name) }
      guard tensor.shape == border.shape else {
        throw .wrongShape(value: border.name, expected: border.shape, found: tensor.shape)
      }
      held.append(tensor)
      pointers[border.slot.rawValue] = tensor.storage.base + tensor.byteOffset
    }
    let run = run(mode)
    for record in records { record.step.forward(run) }
  }

  package func shape(ofOutput name: String) -> Shape? { outputValues[name]?.shape }

  /// The elements of an output after `forward`, row-major.
  package func output(_ name: String) -> UnsafeBufferPointer<Float> {
    guard let value = outputValues[name] else { preconditionFailure("no output '\(name)'") }
    return UnsafeBufferPointer(
      start: pointers[value.slot.rawValue].assumingMemoryBound(to: Float.self),
      count: value.shape.elementCount)
  }

  /// Where the gradient of the loss in an output is to be left before `backward`; nil for one that
  /// no weight decides.
  package func outputGradient(_ name: String) -> UnsafeMutableBufferPointer<Float>? {
    guard let value = outputValues[name], let gradient = value.gradient else { return nil }
    return UnsafeMutableBufferPointer(
      start: pointers[gradient.rawValue].assumingMemoryBound(to: Float.self),
      count: value.shape.elementCount)
  }

  /// Leaves the gradients of all parameters in the store, for the batch that `forward` saw in the
  /// same mode.
  package func backward(mode: TrainingMode) {
    let run = run(mode)
    store.setReached(schedule.reached)
    for index in records.indices.reversed() where schedule.isActive[index] {
      for (slot, count) in schedule.zeroed[index] {
        run.floats(slot).update(repeating: 0, count: count)
      }
      records[index].step.backward(run)
      for addition in schedule.additions[index] {
        let sum = run.floats(addition.to)
        FloatBinary.add.apply(
          sum, run.floats(addition.from), into: sum, pattern: .same(count: addition.count),
          isa: isa, pool: pool)
      }
    }
  }
}
