internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// ReduceSum, ReduceMean and GlobalAveragePool.
enum ReductionOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let shape = try site.shape(0)
    let name = site.node.operatorName.name
    let axes = try axes(site, rank: shape.rank)
    let keeps = name == "GlobalAveragePool" || site.node.int("keepdims") ?? 1 != 0
    let isOverPixels = axes == Set(2..<max(shape.rank, 2))
    let own = try site.layout(0)
    let layout: Layout = keeps || isOverPixels ? own : .rowMajor
    let input = try site.input(0, layout)
    var kept = shape
    for axis in axes { kept[axis] = 1 }
    let outputShape = try site.outputShape()
    let output = site.output(0, outputShape, keeps ? layout : .rowMajor)
    let count = shape.elementCount / max(kept.elementCount, 1)
    let step = ReductionStep(
      input, output, small: layout.memoryShape(of: kept),
      factor: name == "ReduceSum" ? 1 : 1 / Float(count), site)
    site.emit(step, keeps: [], scratch: [step.scratch])
  }

  private static func axes(_ site: TrainingSite, rank: Int) throws(TrainingError) -> Set<Int> {
    if site.node.is("GlobalAveragePool") { return Set(2..<max(rank, 2)) }
    var axes = site.node.ints("axes")?.map { Int($0) } ?? []
    if site.hasInput(1) { axes = try site.integers(1) }
    if axes.isEmpty { axes = Array(0..<rank) }
    return Set(axes.map { $0 < 0 ? $0 + rank : $0 })
  }
}

private final class ReductionStep: TrainingStep {
  private let input: Operand
  private let output: Product
  private let small: Shape
  private let factor: Float
  private let sum: BroadcastSum
  private let pattern: BroadcastPattern?
  let scratch: Slot

  init(
    _ input: Operand, _ output: Product, small: Shape, factor: Float, _ site: TrainingSite
  ) {
    self.input = input
    self.output = output
    self.small = small
    self.factor = factor
    sum = BroadcastSum(from: input.physical, to: small)
    pattern = BroadcastPattern.between(input.physical, small)
    scratch = site.scratch(byteCount: (sum.scratchCount + output.count) * 4 + 64)
  }

  func forward(_ run: StepRun) {
    let place = run.floats(output.slot)
    sum.run(
      run.floats(input.slot), into: place, scratch: run.floats(scratch), isa: run.isa,
      pool: run.pool)
    if factor != 1 {
      FloatActivation.affine(scale: factor, offset: 0).apply(
        place, into: place, count: output.count, isa: run.isa, pool: run.pool)
    }
  }

  func backward(_ run: StepRun) {
    guard let to = run.floats(input.gradient), let from = run.floats(output.gradient) else {
      return
    }
    let scaled = run.floats(scratch)
    for index in 0..<output.count { scaled[index] = from[index] * factor }
    to.update(repeating: 0, count: input.count)
    if let pattern {
      FloatBinary.add.apply(
        to, scaled, into: to, pattern: pattern, isa: run.isa, pool: run.pool)
    } else {
      spread(scaled, into: to)
    }
  }

  /// Where kept dimensions and summed ones alternate.
  private func spread(_ values: UnsafePointer<Float>, into place: UnsafeMutablePointer<Float>) {
    let full = input.physical
    let strides = small.strides
    for index in 0..<input.count {
      var rest = index
      var source = 0
      for axis in stride(from: full.rank - 1, through: 0, by: -1) {
        if small[axis] != 1 { source += rest % full[axis] * strides[axis] }
        rest /= full[axis]
      }
      place[index] = values[source]
    }
  }
}
