internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// Compiles a float graph into the steps of a training plan, for one shape of batch.
final class PlanBuilder {
  let graph: Graph
  let opset: Int64
  let isa: InstructionSet
  let threads: Int
  let store: ParameterStore
  let trained: Set<String>
  private let probe: ModelProbe
  private let rounding: Rounding?
  private var values: [String: PlanValue] = [:]
  private var rounded: [String: PlanValue] = [:]
  private var roundedWeights: [String: PlanValue] = [:]
  private(set) var slots: [(count: Int, home: SlotHome)] = []
  private(set) var records: [StepRecord] = []
  /// Values that the model computes before the plan begins.
  private(set) var borders: [String: PlanValue] = [:]

  init(
    _ model: Model, probe: ModelProbe, store: ParameterStore, trained: Set<String>,
    rounding: Rounding?, isa: InstructionSet, threads: Int
  ) {
    graph = model.graph
    opset = model.opset
    self.probe = probe
    self.store = store
    self.trained = trained
    self.rounding = rounding
    self.isa = isa
    self.threads = threads
  }

  /// Compiles all nodes that have a part in training.
  func compile() throws(TrainingError) {
    for node in graph.nodes {
      let makesFloats = node.outputs.contains { probe.types[$0] == .float32 }
      let isTrained = node.outputs.contains(where: probe.dependsOnWeights.contains)
      guard makesFloats, isTrained || node.outputs.contains(where: probe.dependsOnData.contains)
      else { continue }
      guard let type = DifferentiableOperators.type(for: node.operatorName) else {
        if isTrained {
          throw .noGradient(operatorName: node.operatorName.description, node: node.name)
        }
        continue
      }
      if isTrained {
        try type.compile(TrainingSite(node: node, builder: self))
      } else if node.input(0).flatMap({ probe.types[$0] }) == .float32 {
        // Before the first weight the model itself can compute what has no step.
        do throws(TrainingError) {
          try type.compile(TrainingSite(node: node, builder: self))
        } catch {
          continue
        }
      }
    }
  }

  // Values.

  func shape(of name: String, for site: TrainingSite) throws(TrainingError) -> Shape {
    guard let shape = probe.shapes[name] else { throw .unknownValue(name: name) }
    return shape
  }

  /// Whether a value is known before the data are.
  func isKnown(_ name: String) -> Bool {
    graph.constant(name) != nil || probe.constant(name) != nil
  }

  func type(of name: String) -> ElementType? { probe.types[name] }

  /// A value as `site` reads it: rounded where its layer reads codes.
  func value(_ name: String, for site: TrainingSite) throws(TrainingError) -> PlanValue {
    if let rounding, let quantizer = rounding.weightQuantizer(name, site.node) {
      return try roundedWeight(name, quantizer)
    }
    if let rounding, let quantizer = rounding.quantizer(of: name, readBy: site.node.id) {
      return try roundedValue(name, quantizer)
    }
    return try realValue(name, node: site.nodeName)
  }

  /// What a caller of the model would see of a value.
  func outputValue(_ name: String) throws(TrainingError) -> PlanValue {
    let value: PlanValue
    if let rounding, let quantizer = rounding.quantizer(ofOutput: name) {
      value = try roundedValue(name, quantizer)
    } else {
      value = try realValue(name, node: name)
    }
    return rearranged(value, .rowMajor)
  }

  private func realValue(_ name: String, node: String) throws(TrainingError) -> PlanValue {
    if let value = values[name] { return value }
    guard let type = probe.types[name], let shape = probe.shapes[name] else {
      throw .unknownValue(name: name)
    }
    let home: SlotHome
    var gradient: Slot?
    if let tensor = graph.constant(name) {
      if tensor.elementType == .float32, trained.contains(name) {
        let number = store.add(name, tensor, isTrained: true)
        home = .parameter(number)
        gradient = makeSlot(shape.elementCount, .parameterGradient(number))
      } else {
        home = .constant(tensor)
      }
    } else if let constant = probe.constant(name) {
      home = .constant(constant)
    } else {
      guard !probe.dependsOnWeights.contains(name) else {
        throw .dependsOnWeights(value: name, node: node)
      }
      home = .input(name)
    }
    let count = (type.byteCount(elements: shape.elementCount) + 3) / 4
    let value = PlanValue(
      name: name, shape: shape, layout: .rowMajor, slot: makeSlot(count, home), gradient: gradient)
    if case .input = home { borders[name] = value }
    values[name] = value
    return value
  }

  /// The value of a weight with its map of codes.
  private func roundedWeight(
    _ name: String, _ quantizer: FakeQuantizationModule
  ) throws(TrainingError) -> PlanValue {
    if let value = roundedWeights[quantizer.name] { return value }
    let value = try FakeQuantizationStep.emit(
      quantizer, behind: try realValue(name, node: name), in: self)
    roundedWeights[quantizer.name] = value
    return value
  }

  private func roundedValue(
    _ name: String, _ quantizer: FakeQuantizationModule
  ) throws(TrainingError) -> PlanValue {
    if let value = rounded[name] { return value }
    let value = try FakeQuantizationStep.emit(
      quantizer, behind: try realValue(name, node: name), in: self)
    rounded[name] = value
    return value
  }

  /// A weight that an operator scales before it is rounded: the real value and its quantizer.
  func unroundedWeight(
    _ name: String, for site: TrainingSite
  ) throws(TrainingError) -> (PlanValue, FakeQuantizationModule?) {
    (try realValue(name, node: site.nodeName), rounding?.weightQuantizer(name, site.node))
  }

  /// A constant that changes by itself, such as a running mean.
  func statistic(_ name: String) throws(TrainingError) -> Slot {
    guard let tensor = graph.constant(name), tensor.elementType == .float32 else {
      throw .unknownValue(name: name)
    }
    return makeSlot(
      tensor.elementCount, .parameter(store.add(name, tensor, isTrained: false)))
  }

  func constant(_ name: String, for site: TrainingSite) throws(TrainingError) -> Tensor {
    if let tensor = graph.constant(name) ?? probe.constant(name) { return tensor }
    throw .dependsOnWeights(value: name, node: site.nodeName)
  }

  func rearranged(_ value: PlanValue, _ layout: Layout) -> PlanValue {
    guard value.layout != layout, Layout.supportsChannelsLast(rank: value.shape.rank) else {
      return value
    }
    if let other = value.rearranged { return other }
    let other = RearrangementStep.emit(value, layout, in: self)
    value.rearranged = other
    return other
  }

  func declare(_ value: PlanValue) { values[value.name] = value }

  // Slots and steps.

  func makeSlot(_ count: Int, _ home: SlotHome = .arena) -> Slot {
    slots.append((count, home))
    return Slot(rawValue: slots.count - 1)
  }

  func setAlias(_ slot: Slot, of other: Slot) { slots[slot.rawValue].home = .alias(other) }

  func makeValue(
    name: String, shape: Shape, layout: Layout, needsGradient: Bool
  ) -> PlanValue {
    PlanValue(
      name: name, shape: shape,
      layout: Layout.supportsChannelsLast(rank: shape.rank) ? layout : .rowMajor,
      slot: makeSlot(shape.elementCount),
      gradient: needsGradient ? makeSlot(shape.elementCount) : nil)
  }

  func emit(
    _ step: any TrainingStep, operands: [PlanValue], uses: [(PlanValue, Slot)],
    made: [PlanValue], keeps: [Slot], scratch: [Slot]
  ) {
    for (value, slot) in uses { value.uses.append((records.count, slot)) }
    records.append(
      StepRecord(
        step: step, operands: operands, uses: uses, made: made, keeps: keeps, scratch: scratch))
  }

  /// Every parameter value that some step reads.
  var parameterValues: [PlanValue] {
    values.values.filter {
      if case .parameter = slots[$0.slot.rawValue].home { true } else { false }
    }
  }
}

/// One step with all that it touches.
struct StepRecord {
  let step: any TrainingStep
  let operands: [PlanValue]
  let uses: [(PlanValue, Slot)]
  let made: [PlanValue]
  let keeps: [Slot]
  let scratch: [Slot]
}
