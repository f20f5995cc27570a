internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// Sums a tensor over the dimensions that another one repeats.
struct BroadcastSum: Sendable {
  /// Sums of the middle of `[outer, middle, inner]`, one after the other.
  private let passes: [(outer: Int, middle: Int, inner: Int)]
  private let count: Int
  /// Floats of working memory.
  let scratchCount: Int

  /// - `small`: broadcasts to `full`.
  init(from full: Shape, to small: Shape) {
    let sizes = full.dimensions
    let own = Array(repeating: 1, count: full.rank - small.rank) + small.dimensions
    var current = sizes
    var passes: [(Int, Int, Int)] = []
    var axis = full.rank - 1
    while axis >= 0 {
      guard own[axis] == 1, sizes[axis] != 1 else {
        axis -= 1
        continue
      }
      // Neighbours that go together.
      var first = axis
      while first > 0, own[first - 1] == 1 { first -= 1 }
      passes.append(
        (
          current[..<first].reduce(1, *), current[first...axis].reduce(1, *),
          current[(axis + 1)...].reduce(1, *)
        ))
      for index in first...axis { current[index] = 1 }
      axis = first - 1
    }
    self.passes = passes.map { (outer: $0.0, middle: $0.1, inner: $0.2) }
    count = full.elementCount
    scratchCount = passes.dropLast().map { $0.0 * $0.2 }.reduce(0, +)
  }

  /// Whether nothing is summed.
  var isIdentity: Bool { passes.isEmpty }

  /// - `scratch`: `scratchCount` floats.
  func run(
    _ values: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, isa: InstructionSet, pool: ThreadPool
  ) {
    if isIdentity {
      if values != UnsafePointer(sums) { sums.update(from: values, count: count) }
      return
    }
    var source = values
    var memory = scratch
    for (index, pass) in passes.enumerated() {
      let isLast = index == passes.count - 1
      let target = isLast ? sums : memory
      ReductionFloat.sum(
        source, into: target, outer: pass.outer, middle: pass.middle, inner: pass.inner, isa: isa,
        pool: pool)
      source = UnsafePointer(target)
      if !isLast { memory += pass.outer * pass.inner }
    }
  }
}

/// Add, Sub, Mul and Div, with broadcasting.
enum ArithmeticOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let layout = try commonLayout(site)
    let shape = try site.outputShape()
    let left = try BroadcastOperand(site, 0, layout, rank: shape.rank)
    let right = try BroadcastOperand(site, 1, layout, rank: shape.rank)
    let output = site.output(0, shape, layout)
    guard let pattern = BroadcastPattern.between(left.shape, right.shape) else {
      throw site.unsupported("shapes \(left.shape) and \(right.shape) repeat each other in turns")
    }
    let operation: FloatBinary =
      switch site.node.operatorName.name {
      case "Add": .add
      case "Sub": .subtract
      case "Mul": .multiply
      default: .divide
      }
    let full = output.physical
    let step = ArithmeticStep(
      operation, left, right, output, pattern,
      sums: (BroadcastSum(from: full, to: left.shape), BroadcastSum(from: full, to: right.shape)),
      site: site)
    site.emit(
      step, keeps: operation.isLinear ? [] : [left.slot, right.slot], scratch: [step.scratch])
  }

  /// Channels-last where the operand of full rank is, and the other can follow.
  private static func commonLayout(_ site: TrainingSite) throws(TrainingError) -> Layout {
    let rank = try site.outputShape().rank
    for index in 0...1 where try site.shape(index).rank == rank {
      if try site.layout(index) == .channelsLast { return .channelsLast }
    }
    return .rowMajor
  }
}

extension FloatBinary {
  /// Whether gradients do not depend on values.
  var isLinear: Bool { self == .add || self == .subtract }
}

/// An operand as memory has it when the result lies in some layout.
struct BroadcastOperand {
  let slot: Slot
  let gradient: Slot?
  let shape: Shape

  /// Dimensions of one in front are added where the result is channels-last, so that all of them
  /// can be put in its order; such an operand has the same bytes in either order, or is rearranged.
  init(
    _ site: TrainingSite, _ index: Int, _ layout: Layout, rank: Int
  ) throws(TrainingError) {
    let own = try site.shape(index)
    guard layout == .channelsLast, own.rank < rank else {
      let operand = try site.input(index, layout)
      slot = operand.slot
      gradient = operand.gradient
      shape = operand.physical
      return
    }
    let full = Shape(Array(repeating: 1, count: rank - own.rank) + own.dimensions)
    guard Layout.coincide(for: full) else {
      throw site.unsupported("an operand of shape \(own) beside one of rank \(rank)")
    }
    let operand = try site.input(index, .rowMajor)
    slot = operand.slot
    gradient = operand.gradient
    shape = layout.memoryShape(of: full)
  }
}

final class ArithmeticStep: TrainingStep {
  private let operation: FloatBinary
  private let left: BroadcastOperand
  private let right: BroadcastOperand
  private let output: Product
  private let pattern: BroadcastPattern
  private let sums: (left: BroadcastSum, right: BroadcastSum)
  let scratch: Slot
  /// Patterns of the output with the right side, and with the left one.
  private let withRight: BroadcastPattern?
  private let withLeft: BroadcastPattern?

  init(
    _ operation: FloatBinary, _ left: BroadcastOperand, _ right: BroadcastOperand,
    _ output: Product, _ pattern: BroadcastPattern, sums: (BroadcastSum, BroadcastSum),
    site: TrainingSite
  ) {
    self.operation = operation
    self.left = left
    self.right = right
    self.output = output
    self.pattern = pattern
    self.sums = (sums.0, sums.1)
    withRight = BroadcastPattern.between(output.physical, right.shape)
    withLeft = BroadcastPattern.between(output.physical, left.shape)
    let most = max(sums.0.scratchCount, sums.1.scratchCount)
    self.scratch = site.scratch(byteCount: (output.count + most) * 4 + 64)
  }

  func forward(_ run: StepRun) {
    operation.apply(
      run.floats(left.slot), run.floats(right.slot), into: run.floats(output.slot),
      pattern: pattern, isa: run.isa, pool: run.pool)
  }

  func backward(_ run: StepRun) {
    guard let from = run.floats(output.gradient) else { return }
    let work = run.floats(scratch)
    if let to = run.floats(left.gradient) {
      var source = UnsafePointer(from)
      if operation == .multiply || operation == .divide, let withRight {
        let place = sums.left.isIdentity ? to : work
        operation.apply(
          from, run.floats(right.slot), into: place, pattern: withRight, isa: run.isa,
          pool: run.pool)
        source = UnsafePointer(place)
      }
      sums.left.run(source, into: to, scratch: work + output.count, isa: run.isa, pool: run.pool)
    }
    guard let to = run.floats(right.gradient) else { return }
    var source = UnsafePointer(from)
    let place = sums.right.isIdentity ? to : work
    switch operation {
    case .subtract:
      FloatActivation.negate.apply(
        from, into: place, count: output.count, isa: run.isa, pool: run.pool)
      source = UnsafePointer(place)
    case .multiply:
      multiply(from, run.floats(left.slot), into: place, withLeft, run)
      source = UnsafePointer(place)
    case .divide:
      // d(l / r) / dr = -l / r^2.
      multiply(from, run.floats(left.slot), into: place, withLeft, run)
      for _ in 0..<2 {
        if let withRight {
          FloatBinary.divide.apply(
            place, run.floats(right.slot), into: place, pattern: withRight, isa: run.isa,
            pool: run.pool)
        }
      }
      FloatActivation.negate.apply(
        place, into: place, count: output.count, isa: run.isa, pool: run.pool)
      source = UnsafePointer(place)
    default: break
    }
    sums.right.run(source, into: to, scratch: work + output.count, isa: run.isa, pool: run.pool)
  }

  private func multiply(
    _ gradient: UnsafePointer<Float>, _ values: UnsafePointer<Float>,
    into place: UnsafeMutablePointer<Float>, _ pattern: BroadcastPattern?, _ run: StepRun
  ) {
    guard let pattern else { return }
    FloatBinary.multiply.apply(
      gradient, values, into: place, pattern: pattern, isa: run.isa, pool: run.pool)
  }
}

/// Pow with a constant exponent.
enum PowerOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let exponent = try site.constant(1)
    guard exponent.elementType == .float32, exponent.elementCount == 1,
      try site.shape(0) == site.outputShape()
    else { throw site.unsupported("its exponent is not one constant float32 number") }
    let layout = try site.layout(0)
    let input = try site.input(0, layout)
    let output = site.output(0, input.shape, layout)
    let power = exponent.floats[0]
    if power == 2 || power == 0.5 {
      site.emit(
        ActivationStep(power == 2 ? .square : .sqrt, input, output),
        keeps: [power == 2 ? input.slot : output.slot])
    } else {
      site.emit(PowerStep(power, input, output), keeps: [input.slot])
    }
  }
}

private final class PowerStep: TrainingStep {
  private let input: Operand
  private let output: Product
  private let exponents: [Float]

  init(_ exponent: Float, _ input: Operand, _ output: Product) {
    exponents = [exponent, exponent - 1]
    self.input = input
    self.output = output
  }

  private func raise(
    _ number: Int, _ values: UnsafePointer<Float>, into place: UnsafeMutablePointer<Float>,
    _ run: StepRun
  ) {
    exponents.withUnsafeBufferPointer { exponents in
      guard let base = exponents.baseAddress else { return }
      FloatBinary.power.apply(
        values, base + number, into: place,
        pattern: .right(outer: 1, middle: input.count, inner: 1), isa: run.isa, pool: run.pool)
    }
  }

  func forward(_ run: StepRun) {
    raise(0, run.floats(input.slot), into: run.floats(output.slot), run)
  }

  func backward(_ run: StepRun) {
    guard let to = run.floats(input.gradient), let from = run.floats(output.gradient) else {
      return
    }
    raise(1, run.floats(input.slot), into: to, run)
    FloatBinary.multiply.apply(
      to, from, into: to, pattern: .same(count: input.count), isa: run.isa, pool: run.pool)
    FloatActivation.affine(scale: exponents[0], offset: 0).apply(
      to, into: to, count: input.count, isa: run.isa, pool: run.pool)
  }
}
