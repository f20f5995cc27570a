internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// Gemm: `alpha * op(a) @ op(b) + beta * c`.
enum GemmOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let node = site.node
    let a = try site.input(0)
    let b = try site.input(1)
    let c = site.hasInput(2) ? try site.input(2) : nil
    let shape = try site.outputShape()
    let turnsA = node.int("transA") ?? 0 != 0
    let output = site.output(0, shape)
    let pattern = c.flatMap { BroadcastPattern.between(shape, $0.shape) }
    guard c == nil || pattern != nil else { throw site.unsupported("the shape of its bias") }
    let step = GemmStep(
      a, b, c, output, depth: a.shape[turnsA ? 0 : 1], turnsA: turnsA,
      turnsB: node.int("transB") ?? 0 != 0, alpha: node.float("alpha") ?? 1,
      beta: node.float("beta") ?? 1, pattern: pattern, site)
    site.emit(step, keeps: [a.slot, b.slot], scratch: [step.scratch])
  }
}

/// MatMul: a matrix on the right for all rows on the left, or one for each of them.
enum MatMulOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let (left, right) = (try site.shape(0), try site.shape(1))
    guard left.rank >= 2, right.rank >= 2 else {
      throw site.unsupported("a vector, of shapes \(left) and \(right)")
    }
    let a = try site.input(0, .rowMajor)
    let b = try site.input(1, .rowMajor)
    let output = site.output(0, try site.outputShape())
    let depth = left[left.rank - 1]
    if right.rank == 2 {
      let step = GemmStep(
        a, b, nil, output, depth: depth, turnsA: false, turnsB: false, alpha: 1, beta: 1,
        pattern: nil, site)
      site.emit(step, keeps: [a.slot, b.slot], scratch: [step.scratch])
    } else {
      guard left.dimensions.dropLast(2) == right.dimensions.dropLast(2) else {
        throw site.unsupported("matrices of shapes \(left) and \(right), whose number differs")
      }
      let step = BatchedProductStep(a, b, output, site)
      site.emit(step, keeps: [a.slot, b.slot], scratch: [step.scratch])
    }
  }
}

private final class GemmStep: TrainingStep {
  private let a: Operand
  private let b: Operand
  private let c: Operand?
  private let output: Product
  private let beta: Float
  private let pattern: BroadcastPattern?
  private let turnsA: Bool
  private let turnsB: Bool
  private let product: MatMulFloat
  private let towardsA: MatMulFloat?
  /// For turned left sides, which are rare.
  private let towardsTurnedB: MatMulFloat?
  private let towardsB: MatMulWeightGradient?
  private let alpha: Float
  private let sums: BroadcastSum?
  private let columnSums: ChannelSums
  private let rows: Int
  private let isVector: Bool
  let scratch: Slot

  init(
    _ a: Operand, _ b: Operand, _ c: Operand?, _ output: Product, depth: Int, turnsA: Bool,
    turnsB: Bool, alpha: Float, beta: Float, pattern: BroadcastPattern?, _ site: TrainingSite
  ) {
    self.a = a
    self.b = b
    self.c = c
    self.output = output
    self.alpha = alpha
    self.beta = beta
    self.pattern = pattern
    self.turnsA = turnsA
    self.turnsB = turnsB
    let columns = output.shape[output.shape.rank - 1]
    rows = output.count / max(columns, 1)
    product = MatMulFloat(
      rows: rows, depth: depth, columns: columns, transposedLeft: turnsA, transposedRight: turnsB,
      alpha: alpha, isa: site.isa)
    towardsA = a.gradient.map { [rows] _ in
      turnsA
        ? MatMulFloat(
          rows: depth, depth: columns, columns: rows, transposedLeft: turnsB,
          transposedRight: true, alpha: alpha, isa: site.isa)
        : MatMulFloat(
          rows: rows, depth: columns, columns: depth, transposedRight: !turnsB, alpha: alpha,
          isa: site.isa)
    }
    let needsB = b.gradient != nil
    towardsB =
      needsB && !turnsA
      ? MatMulWeightGradient(
        depth: turnsB ? columns : depth, columns: turnsB ? depth : columns, isa: site.isa) : nil
    towardsTurnedB =
      needsB && turnsA
      ? MatMulFloat(
        rows: turnsB ? columns : depth, depth: rows, columns: turnsB ? depth : columns,
        transposedLeft: turnsB, transposedRight: turnsB, alpha: alpha, isa: site.isa) : nil
    columnSums = ChannelSums(rows: rows, channels: columns, isa: site.isa)
    isVector = c.map { $0.count == columns && $0.shape[$0.shape.rank - 1] == columns } ?? false
    sums = c.map { BroadcastSum(from: output.shape, to: $0.shape) }
    let threads = site.threads
    scratch = site.scratch(
      byteCount: max(
        product.scratchByteCount(threads: threads),
        towardsA?.scratchByteCount(threads: threads) ?? 0,
        towardsB?.scratchByteCount(threads: threads) ?? 0,
        towardsTurnedB?.scratchByteCount(threads: threads) ?? 0,
        columnSums.scratchByteCount(threads: threads), (sums?.scratchCount ?? 0) * 4))
  }

  func forward(_ run: StepRun) {
    let place = run.floats(output.slot)
    let isFused = isVector && beta == 1
    product.run(
      run.floats(a.slot), run.floats(b.slot), into: place,
      bias: isFused ? c.map { UnsafePointer(run.floats($0.slot)) } : nil,
      scratch: run.raw(scratch), pool: run.pool)
    guard let c, let pattern, !isFused else { return }
    let bias = run.floats(c.slot)
    guard beta != 1 else {
      return FloatBinary.add.apply(
        place, bias, into: place, pattern: pattern, isa: run.isa, pool: run.pool)
    }
    // y + beta * c in two passes over y: (y / beta + c) * beta would round differently.
    withUnsafeTemporaryAllocation(of: Float.self, capacity: c.count) { memory in
      guard let scaled = memory.baseAddress else { return }
      for index in 0..<c.count { scaled[index] = beta * bias[index] }
      FloatBinary.add.apply(
        place, scaled, into: place, pattern: pattern, isa: run.isa, pool: run.pool)
    }
  }

  func backward(_ run: StepRun) {
    guard let from = run.floats(output.gradient) else { return }
    if let to = run.floats(a.gradient), let towardsA {
      let b = run.floats(b.slot)
      towardsA.run(
        turnsA ? b : from, turnsA ? from : b, into: to, scratch: run.raw(scratch), pool: run.pool)
    }
    if let to = run.floats(b.gradient) {
      let a = run.floats(a.slot)
      if let towardsTurnedB {
        towardsTurnedB.run(
          turnsB ? from : a, turnsB ? a : from, into: to, scratch: run.raw(scratch),
          pool: run.pool)
      } else {
        towardsB?.run(
          turnsB ? from : a, turnsB ? a : from, into: to, rows: rows, scratch: run.raw(scratch),
          pool: run.pool)
        scale(to, b.count, by: alpha)
      }
    }
    if let c, let to = run.floats(c.gradient), let sums {
      if isVector {
        columnSums.sum(
          from, times: Double(beta), into: to, scratch: run.raw(scratch), pool: run.pool)
      } else {
        sums.run(
          from, into: to, scratch: run.floats(scratch), isa: run.isa, pool: run.pool)
        scale(to, c.count, by: beta)
      }
    }
  }

  private func scale(_ values: UnsafeMutablePointer<Float>, _ count: Int, by factor: Float) {
    guard factor != 1 else { return }
    for index in 0..<count { values[index] *= factor }
  }
}

/// As many products as there are matrices on either side.
private final class BatchedProductStep: TrainingStep {
  private let a: Operand
  private let b: Operand
  private let output: Product
  private let product: MatMulFloat
  private let towardsA: MatMulFloat
  private let towardsB: MatMulFloat
  private let number: Int
  let scratch: Slot

  init(_ a: Operand, _ b: Operand, _ output: Product, _ site: TrainingSite) {
    self.a = a
    self.b = b
    self.output = output
    let depth = a.shape[a.shape.rank - 1]
    let rows = a.shape[a.shape.rank - 2]
    let columns = b.shape[b.shape.rank - 1]
    number = a.shape.dimensions.dropLast(2).reduce(1, *)
    product = MatMulFloat(rows: rows, depth: depth, columns: columns, isa: site.isa)
    towardsA = MatMulFloat(
      rows: rows, depth: columns, columns: depth, transposedRight: true, isa: site.isa)
    towardsB = MatMulFloat(
      rows: depth, depth: rows, columns: columns, transposedLeft: true, isa: site.isa)
    scratch = site.scratch(
      byteCount: [product, towardsA, towardsB].map { $0.scratchByteCount(threads: site.threads) }
        .max() ?? 0)
  }

  private func each(
    _ product: MatMulFloat, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
    into place: UnsafeMutablePointer<Float>, _ run: StepRun
  ) {
    for index in 0..<number {
      product.run(
        left + index * product.rows * product.depth,
        right + index * product.depth * product.columns,
        into: place + index * product.rows * product.columns, scratch: run.raw(scratch),
        pool: run.pool)
    }
  }

  func forward(_ run: StepRun) {
    each(product, run.floats(a.slot), run.floats(b.slot), into: run.floats(output.slot), run)
  }

  func backward(_ run: StepRun) {
    guard let from = run.floats(output.gradient) else { return }
    if let to = run.floats(a.gradient) { each(towardsA, from, run.floats(b.slot), into: to, run) }
    if let to = run.floats(b.gradient) { each(towardsB, run.floats(a.slot), from, into: to, run) }
  }
}
