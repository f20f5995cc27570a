internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// The place in a training plan where one node is compiled: its operands, its outputs, and the way
/// to add the step that computes them.
final class TrainingSite {
  let node: Node
  let builder: PlanBuilder
  let opset: Int64
  private var operands: [PlanValue] = []
  private var useSlots: [(PlanValue, Slot)] = []
  private(set) var made: [PlanValue] = []

  init(node: Node, builder: PlanBuilder) {
    self.node = node
    self.builder = builder
    opset = builder.opset
  }

  var isa: InstructionSet { builder.isa }
  var threads: Int { builder.threads }
  var nodeName: String { node.name.isEmpty ? node.outputs.first ?? "" : node.name }

  func unsupported(_ detail: String) -> TrainingError {
    .unsupportedVariant(operatorName: node.operatorName.description, node: nodeName, detail: detail)
  }

  // Operands.

  func hasInput(_ index: Int) -> Bool { node.input(index) != nil }

  func name(_ index: Int) throws(TrainingError) -> String {
    guard let name = node.input(index) else {
      throw .missingOperand(
        operatorName: node.operatorName.description, node: nodeName, index: index)
    }
    return name
  }

  func shape(_ index: Int) throws(TrainingError) -> Shape {
    try builder.shape(of: try name(index), for: self)
  }

  func outputShape(_ index: Int = 0) throws(TrainingError) -> Shape {
    try builder.shape(of: node.outputs[index], for: self)
  }

  /// How an operand lies when nobody rearranges it.
  func layout(_ index: Int) throws(TrainingError) -> Layout {
    try builder.value(try name(index), for: self).layout
  }

  /// An operand as it is, or rearranged.
  func input(_ index: Int, _ layout: Layout? = nil) throws(TrainingError) -> Operand {
    operand(try builder.value(try name(index), for: self), layout)
  }

  func operand(_ value: PlanValue, _ layout: Layout? = nil) -> Operand {
    let value = layout.map { builder.rearranged(value, $0) } ?? value
    let gradient = value.gradient.map { _ in builder.makeSlot(value.shape.elementCount) }
    if let gradient { useSlots.append((value, gradient)) }
    operands.append(value)
    return Operand(
      slot: value.slot, gradient: gradient, shape: value.shape, layout: value.layout)
  }

  /// An operand that must be known before the data are.
  func constant(_ index: Int) throws(TrainingError) -> Tensor {
    try builder.constant(try name(index), for: self)
  }

  func integers(_ index: Int) throws(TrainingError) -> [Int] {
    let tensor = try constant(index)
    switch tensor.elementType {
    case .int64: return tensor.array(of: Int64.self).map { Int(clamping: $0) }
    case .int32: return tensor.array(of: Int32.self).map { Int($0) }
    default: throw unsupported("input \(index) is \(tensor.elementType), not integers")
    }
  }

  // Outputs.

  /// A new value for an output of the node, or for one that only this site knows.
  func output(
    _ index: Int = 0, _ shape: Shape, _ layout: Layout = .rowMajor, isInner: Bool = false
  ) -> Product {
    let needsGradient = operands.contains { $0.gradient != nil }
    let value = builder.makeValue(
      name: isInner ? "" : node.outputs[index], shape: shape, layout: layout,
      needsGradient: needsGradient)
    made.append(value)
    return Product(
      slot: value.slot, gradient: value.gradient, shape: shape, layout: layout)
  }

  func scratch(byteCount: Int) -> Slot { builder.makeSlot((byteCount + 3) / 4) }

  /// Floats that `forward` leaves for `backward`.
  func kept(count: Int) -> Slot { builder.makeSlot(count) }

  /// Adds the step that makes the outputs asked for since the last one.
  /// - `keeps`: slots that `backward` reads beside gradients.
  /// - `scratch`: working memory of either direction by itself.
  /// - Returns: the values made.
  @discardableResult
  func emit(_ step: any TrainingStep, keeps: [Slot], scratch: [Slot] = []) -> [PlanValue] {
    defer {
      operands = []
      useSlots = []
      made = []
    }
    builder.emit(
      step, operands: operands, uses: useSlots, made: made, keeps: keeps,
      scratch: scratch)
    for value in made where !value.name.isEmpty { builder.declare(value) }
    return made
  }
}
