internal import Execution
internal import Graphs
internal import Kernels
internal import OrderedCollections
internal import Tensors

/// Resize of any mode: along each axis a matrix, which the executor is asked for once.
enum ResizeOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let (from, to) = (try site.shape(0), try site.outputShape())
    guard from.rank == to.rank else { throw site.unsupported("a change of rank") }
    var axes: [ResizeStep.Axis] = []
    for axis in 0..<from.rank where from[axis] != to[axis] {
      axes.append(
        ResizeStep.Axis(
          axis: axis, from: from[axis], to: to[axis],
          weights: try weights(site, axis: axis, from, to)))
    }
    let layout = try site.layout(0)
    let input = try site.input(0, layout)
    let output = site.output(0, to, layout)
    let step = ResizeStep(input, output, axes, site)
    site.emit(step, keeps: [], scratch: step.scratch)
  }

  /// `[to, from]`: what Resize makes of unit vectors along the axis, all other axes being 1.
  private static func weights(
    _ site: TrainingSite, axis: Int, _ from: Shape, _ to: Shape
  ) throws(TrainingError) -> [Float] {
    let node = site.node
    guard node.input(1) == nil || (try? site.constant(1)).map({ $0.elementCount == 0 }) ?? false
    else { throw site.unsupported("a region of interest") }
    if node.ints("axes") != nil || node.int("antialias") ?? 0 != 0 {
      throw site.unsupported("axes or antialias")
    }
    var graph = Graph(name: "resize")
    graph.inputs = [ValueDeclaration(name: "x", elementType: .float32, dimensions: nil)]
    // One unit vector for each row in front; the axis itself comes third, as in pictures.
    var inputs = ["x", "", "", ""]
    if node.input(2) != nil, try site.constant(2).elementCount > 0 {
      let scales = try site.constant(2).floats
      graph.initializers["scales"] = Initializer(Tensor([1, 1, scales[axis], 1] as [Float]))
      inputs[2] = "scales"
    } else {
      graph.initializers["sizes"] = Initializer(
        Tensor([Int64(from[axis]), 1, Int64(to[axis]), 1]))
      inputs[3] = "sizes"
    }
    graph.append(
      OperatorName("Resize"), inputs: inputs, outputs: ["y"], attributes: node.attributes)
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    var units = [Float](repeating: 0, count: from[axis] * from[axis])
    for index in 0..<from[axis] { units[index * from[axis] + index] = 1 }
    do {
      let executor = try Executor(model: Model(graph: graph, opset: site.opset), isPrepared: true)
      let found = try executor.run(["x": Tensor(units, shape: [from[axis], 1, from[axis], 1])])
      let columns = found["y"]?.floats ?? []
      guard columns.count == from[axis] * to[axis] else {
        throw TrainingError.execution("Resize made \(columns.count) weights")
      }
      return (0..<to[axis]).flatMap { row in
        (0..<from[axis]).map { columns[$0 * to[axis] + row] }
      }
    } catch let error as TrainingError {
      throw error
    } catch {
      throw .execution("\(error)")
    }
  }
}

final class ResizeStep: TrainingStep {
  struct Axis {
    let axis: Int
    let from: Int
    let to: Int
    /// `[to, from]`.
    let weights: [Float]
  }

  /// The matrix of one axis over `[outer, from, inner]`, without its zeros.
  private struct Pass {
    let outer: Int
    let inner: Int
    let from: Int
    let to: Int
    let taps: [[(source: Int, weight: Float)]]
  }

  private let input: Operand
  private let output: Product
  private let passes: [Pass]
  let scratch: [Slot]

  init(_ input: Operand, _ output: Product, _ axes: [Axis], _ site: TrainingSite) {
    self.input = input
    self.output = output
    var sizes = input.physical.dimensions
    var passes: [Pass] = []
    var most = 0
    for axis in axes {
      let place = input.layout.memoryAxis(axis.axis, rank: sizes.count)
      passes.append(
        Pass(
          outer: sizes[..<place].reduce(1, *), inner: sizes[(place + 1)...].reduce(1, *),
          from: axis.from, to: axis.to,
          taps: (0..<axis.to).map { row in
            (0..<axis.from).compactMap { column in
              let weight = axis.weights[row * axis.from + column]
              return weight == 0 ? nil : (column, weight)
            }
          }))
      sizes[place] = axis.to
      most = max(most, sizes.reduce(1, *))
    }
    self.passes = passes
    scratch = passes.count > 1 ? [0, 1].map { _ in site.scratch(byteCount: most * 4) } : []
  }

  func forward(_ run: StepRun) {
    var source = UnsafePointer(run.floats(input.slot))
    guard !passes.isEmpty else {
      return run.floats(output.slot).update(from: source, count: input.count)
    }
    for (number, pass) in passes.enumerated() {
      let isLast = number == passes.count - 1
      let place = isLast ? run.floats(output.slot) : run.floats(scratch[number % 2])
      place.update(repeating: 0, count: pass.outer * pass.to * pass.inner)
      Self.each(pass, run) { low, high, weight, count in
        for index in 0..<count { place[high + index] += weight * source[low + index] }
      }
      source = UnsafePointer(place)
    }
  }

  func backward(_ run: StepRun) {
    guard let to = run.floats(input.gradient), let from = run.floats(output.gradient) else {
      return
    }
    guard !passes.isEmpty else { return to.update(from: from, count: input.count) }
    var source = UnsafePointer(from)
    for (number, pass) in passes.enumerated().reversed() {
      let place = number == 0 ? to : run.floats(scratch[number % 2])
      place.update(repeating: 0, count: pass.outer * pass.from * pass.inner)
      Self.each(pass, run) { low, high, weight, count in
        for index in 0..<count { place[low + index] += weight * source[high + index] }
      }
      source = UnsafePointer(place)
    }
  }

  /// Calls `body` with the places of every run of values in the smaller and the larger tensor, and
  /// the weight between them.
  private static func each(
    _ pass: Pass, _ run: StepRun, _ body: (Int, Int, Float, Int) -> Void
  ) {
    run.pool.parallel(pass.outer, grain: max(1, 16_384 / max(pass.to * pass.inner, 1))) { range in
      for block in range {
        for (row, taps) in pass.taps.enumerated() {
          for tap in taps {
            body(
              (block * pass.from + tap.source) * pass.inner,
              (block * pass.to + row) * pass.inner, tap.weight, pass.inner)
          }
        }
      }
    }
  }
}
