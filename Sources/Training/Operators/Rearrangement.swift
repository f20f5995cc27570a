internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// Puts a value into the other order of dimensions.
final class RearrangementStep: TrainingStep {
  private let input: Operand
  private let output: Product

  private init(_ input: Operand, _ output: Product) {
    self.input = input
    self.output = output
  }

  static func emit(_ value: PlanValue, _ layout: Layout, in builder: PlanBuilder) -> PlanValue {
    let use = value.gradient.map { _ in builder.makeSlot(value.shape.elementCount) }
    let made = builder.makeValue(
      name: "", shape: value.shape, layout: layout, needsGradient: use != nil)
    let step = RearrangementStep(
      Operand(slot: value.slot, gradient: use, shape: value.shape, layout: value.layout),
      Product(slot: made.slot, gradient: made.gradient, shape: made.shape, layout: layout))
    builder.emit(
      step, operands: [value], uses: use.map { [(value, $0)] } ?? [], made: [made],
      keeps: [], scratch: [])
    return made
  }

  func forward(_ run: StepRun) {
    Self.rearrange(
      run.floats(input.slot), into: run.floats(output.slot), input.shape, to: output.layout, run)
  }

  func backward(_ run: StepRun) {
    guard let to = run.floats(input.gradient), let from = run.floats(output.gradient) else {
      return
    }
    Self.rearrange(from, into: to, input.shape, to: input.layout, run)
  }

  private static func rearrange(
    _ from: UnsafePointer<Float>, into to: UnsafeMutablePointer<Float>, _ shape: Shape,
    to layout: Layout, _ run: StepRun
  ) {
    let channels = shape[1]
    let pixels = shape.dimensions[2...].reduce(1, *)
    let isLast = layout == .channelsLast
    LayoutFloat.transpose(
      from, into: to, batch: shape[0], rows: isLast ? channels : pixels,
      columns: isLast ? pixels : channels, isa: run.isa, pool: run.pool)
  }
}

/// Reshape and its kin: the same elements in row-major order under another shape.
enum ReshapingOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let shape = try site.outputShape()
    let isSame = try site.shape(0) == shape
    let layout = isSame ? try site.layout(0) : .rowMajor
    let input = try site.input(0, layout)
    let output = site.output(0, shape, layout)
    site.emit(CopyStep(input, output), keeps: [])
  }
}

/// The same elements elsewhere.
final class CopyStep: TrainingStep {
  private let input: Operand
  private let output: Product

  init(_ input: Operand, _ output: Product) {
    self.input = input
    self.output = output
  }

  func forward(_ run: StepRun) {
    run.floats(output.slot).update(from: run.floats(input.slot), count: input.count)
  }

  func backward(_ run: StepRun) {
    guard let to = run.floats(input.gradient), let from = run.floats(output.gradient) else {
      return
    }
    to.update(from: from, count: input.count)
  }
}
