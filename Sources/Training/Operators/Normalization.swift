internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// Softmax and LogSoftmax over one axis.
enum SoftmaxOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let shape = try site.shape(0)
    let given = Int(site.node.int("axis") ?? -1)
    guard let axis = shape.resolved(axis: given) else {
      throw site.unsupported("axis \(given) of \(shape)")
    }
    let input = try site.input(0, .rowMajor)
    let output = site.output(0, shape)
    let step = SoftmaxStep(
      input, output, axis: axis, isLogarithm: site.node.is("LogSoftmax"), site)
    site.emit(step, keeps: [output.slot], scratch: [step.scratch])
  }
}

private final class SoftmaxStep: TrainingStep {
  private let input: Operand
  private let output: Product
  private let isLogarithm: Bool
  private let columns: Int
  /// Values behind one of the axis; they are turned to the front where there are several.
  private let inner: Int
  let scratch: Slot

  init(
    _ input: Operand, _ output: Product, axis: Int, isLogarithm: Bool, _ site: TrainingSite
  ) {
    self.input = input
    self.output = output
    self.isLogarithm = isLogarithm
    columns = input.shape[axis]
    inner = input.shape.dimensions[(axis + 1)...].reduce(1, *)
    scratch = site.scratch(byteCount: inner > 1 ? 3 * input.count * 4 : 0)
  }

  private var rows: Int { input.count / max(columns, 1) }

  /// `[outer, columns, inner]` to `[outer, inner, columns]`, or back.
  private func turn(
    _ values: UnsafePointer<Float>, into turned: UnsafeMutablePointer<Float>, isBack: Bool,
    _ run: StepRun
  ) {
    LayoutFloat.transpose(
      values, into: turned, batch: rows / max(inner, 1), rows: isBack ? inner : columns,
      columns: isBack ? columns : inner, isa: run.isa, pool: run.pool)
  }

  func forward(_ run: StepRun) {
    let (x, y) = (run.floats(input.slot), run.floats(output.slot))
    guard inner > 1 else { return softmax(x, into: y, run) }
    let turned = run.floats(scratch)
    turn(x, into: turned, isBack: false, run)
    softmax(turned, into: turned + input.count, run)
    turn(turned + input.count, into: y, isBack: true, run)
  }

  private func softmax(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, _ run: StepRun
  ) {
    SoftmaxFloat.run(
      x, into: y, rows: rows, columns: columns, logarithm: isLogarithm, isa: run.isa,
      pool: run.pool)
  }

  func backward(_ run: StepRun) {
    guard let to = run.floats(input.gradient), let from = run.floats(output.gradient) else {
      return
    }
    let y = run.floats(output.slot)
    guard inner > 1 else { return gradient(y, from, into: to, run) }
    let turned = run.floats(scratch)
    let upstream = turned + input.count
    let result = upstream + input.count
    turn(y, into: turned, isBack: false, run)
    turn(from, into: upstream, isBack: false, run)
    gradient(turned, upstream, into: result, run)
    turn(result, into: to, isBack: true, run)
  }

  private func gradient(
    _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
    _ run: StepRun
  ) {
    if isLogarithm {
      // The softmax itself, to be turned into the gradient.
      FloatActivation.exp.apply(y, into: dx, count: input.count, isa: run.isa, pool: run.pool)
    }
    run.pool.parallel(rows, grain: max(1, 8_192 / max(columns, 1))) {
      [columns, isLogarithm] rows in
      for row in rows {
        let (y, dy, dx) = (y + row * columns, dy + row * columns, dx + row * columns)
        var sum: Float = 0
        if isLogarithm {
          for index in 0..<columns { sum += dy[index] }
          for index in 0..<columns { dx[index] = dy[index] - dx[index] * sum }
        } else {
          for index in 0..<columns { sum += dy[index] * y[index] }
          for index in 0..<columns { dx[index] = y[index] * (dy[index] - sum) }
        }
      }
    }
  }
}

/// LayerNormalization over the last axes.
enum LayerNormalizationOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let node = site.node
    let shape = try site.shape(0)
    guard let axis = shape.resolved(axis: Int(node.int("axis") ?? -1)),
      node.outputs.dropFirst().allSatisfy(\.isEmpty)
    else { throw site.unsupported("its axis, or mean and deviation as outputs") }
    let columns = shape.dimensions[axis...].reduce(1, *)
    let input = try site.input(0, .rowMajor)
    let scale = try site.input(1, .rowMajor)
    let bias = site.hasInput(2) ? try site.input(2, .rowMajor) : nil
    guard scale.count == columns, bias.map({ $0.count == columns }) ?? true else {
      throw site.unsupported("a scale of shape \(scale.shape) for \(columns) values")
    }
    let output = site.output(0, shape)
    let step = LayerNormalizationStep(
      input, scale, bias, output, columns: columns, epsilon: node.float("epsilon") ?? 1e-5, site)
    site.emit(step, keeps: [input.slot, scale.slot, step.statistics])
  }
}

private final class LayerNormalizationStep: TrainingStep {
  private let input: Operand
  private let scale: Operand
  private let bias: Operand?
  private let output: Product
  private let columns: Int
  private let rows: Int
  private let epsilon: Float
  private let zeros: [Float]
  /// Mean and `1 / sqrt(variance + epsilon)` of every row.
  let statistics: Slot

  init(
    _ input: Operand, _ scale: Operand, _ bias: Operand?, _ output: Product, columns: Int,
    epsilon: Float, _ site: TrainingSite
  ) {
    self.input = input
    self.scale = scale
    self.bias = bias
    self.output = output
    self.columns = columns
    self.epsilon = epsilon
    rows = input.count / max(columns, 1)
    zeros = [0]
    statistics = site.kept(count: 2 * rows)
  }

  func forward(_ run: StepRun) {
    let (x, y) = (run.floats(input.slot), run.floats(output.slot))
    let statistics = run.floats(self.statistics)
    let scale = run.floats(self.scale.slot)
    let bias = self.bias.map { run.floats($0.slot) }
    run.pool.parallel(rows, grain: max(1, 4_096 / max(columns, 1))) {
      [columns, epsilon, zeros] range in
      zeros.withUnsafeBufferPointer { zeros in
        guard let zero = zeros.baseAddress else { return }
        for row in range {
          let (mean, squares) = NormalizationFloat.deviation(
            x + row * columns, count: columns, centers: true, isa: run.isa)
          let factor = Float(1 / (squares / Double(columns) + Double(epsilon)).squareRoot())
          statistics[2 * row] = Float(mean)
          statistics[2 * row + 1] = factor
          NormalizationFloat.apply(
            x + row * columns, into: y + row * columns, count: columns, mean: Float(mean),
            factor: factor, scale: scale, bias: bias.map { UnsafePointer($0) } ?? zero,
            steps: (1, bias == nil ? 0 : 1), isa: run.isa)
        }
      }
    }
  }

  func backward(_ run: StepRun) {
    guard let from = run.floats(output.gradient) else { return }
    let x = run.floats(input.slot)
    let statistics = run.floats(self.statistics)
    let scale = run.floats(self.scale.slot)
    if let to = run.floats(input.gradient) {
      run.pool.parallel(rows, grain: max(1, 4_096 / max(columns, 1))) { [columns] range in
        for row in range {
          let (x, dy, dx) = (x + row * columns, from + row * columns, to + row * columns)
          let (mean, factor) = (statistics[2 * row], statistics[2 * row + 1])
          var sum: Double = 0
          var products: Double = 0
          for index in 0..<columns {
            let g = dy[index] * scale[index]
            sum += Double(g)
            products += Double(g * (x[index] - mean) * factor)
          }
          let (a, b) = (Float(sum / Double(columns)), Float(products / Double(columns)))
          for index in 0..<columns {
            dx[index] =
              factor * (dy[index] * scale[index] - a - (x[index] - mean) * factor * b)
          }
        }
      }
    }
    let toScale = run.floats(self.scale.gradient)
    let toBias = run.floats(bias?.gradient)
    toScale?.update(repeating: 0, count: columns)
    toBias?.update(repeating: 0, count: columns)
    for row in 0..<rows {
      let (x, dy) = (x + row * columns, from + row * columns)
      let (mean, factor) = (statistics[2 * row], statistics[2 * row + 1])
      for index in 0..<columns {
        toScale?[index] += dy[index] * (x[index] - mean) * factor
        toBias?[index] += dy[index]
      }
    }
  }
}
