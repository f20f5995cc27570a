internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// LSTM and GRU with their usual activations, by backpropagation through time.
enum RecurrentOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let node = site.node
    let isLSTM = node.is("LSTM")
    try refuseRareForms(site, isLSTM: isLSTM)
    let x = try site.input(0, .rowMajor)
    let weights = try site.input(1, .rowMajor)
    let recurrent = try site.input(2, .rowMajor)
    let bias = site.hasInput(3) ? try site.input(3, .rowMajor) : nil
    let initial = try (5...6).map { index throws(TrainingError) in
      site.hasInput(index) ? try site.input(index, .rowMajor) : nil
    }
    let hidden = recurrent.shape[2]
    let directions = recurrent.shape[0]
    let state = Shape([directions, x.shape[1], hidden])
    var outputs: [Product?] = []
    for (index, name) in node.outputs.enumerated() {
      let shape = index == 0 ? Shape([x.shape[0]] + [directions, x.shape[1], hidden]) : state
      outputs.append(name.isEmpty ? nil : site.output(index, shape))
    }
    while outputs.count < 3 { outputs.append(nil) }
    let step = RecurrentLayerStep(
      isLSTM: isLSTM, isReversed: node.string("direction") == "reverse", x, weights, recurrent,
      bias, initial, outputs, site)
    site.emit(
      step,
      keeps: [x.slot, weights.slot, recurrent.slot] + initial.compactMap { $0?.slot } + step.kept,
      scratch: [step.scratch])
  }

  private static func refuseRareForms(
    _ site: TrainingSite, isLSTM: Bool
  ) throws(TrainingError) {
    let node = site.node
    if site.hasInput(4) { throw site.unsupported("sequences of different lengths") }
    if site.hasInput(7) {
      let isZero = (try? site.constant(7))?.floats.allSatisfy { $0 == 0 } ?? false
      guard isZero else { throw site.unsupported("peepholes") }
    }
    if node.attributes["activations"] != nil {
      guard case .strings(let names)? = node.attributes["activations"] else {
        throw site.unsupported("its activations")
      }
      let usual = isLSTM ? ["Sigmoid", "Tanh", "Tanh"] : ["Sigmoid", "Tanh"]
      let found = names.map { String(decoding: $0, as: UTF8.self) }
      let isUsual = found.indices.allSatisfy { found[$0] == usual[$0 % usual.count] }
      guard isUsual else { throw site.unsupported("activations \(found)") }
    }
    if node.float("clip") != nil || node.int("layout") ?? 0 != 0
      || node.int("input_forget") ?? 0 != 0
    {
      throw site.unsupported("clip, layout 1 or input_forget")
    }
    if !isLSTM, node.int("linear_before_reset") ?? 0 == 0 {
      throw site.unsupported("linear_before_reset is 0; 1, as PyTorch has it, has gradients")
    }
  }
}

/// All directions of a layer. Gates lie in ONNX's order: i, o, f, c, or z, r, h.
private final class RecurrentLayerStep: TrainingStep {
  let isLSTM: Bool
  let isReversed: Bool
  let x: Operand
  let weights: Operand
  let recurrent: Operand
  let bias: Operand?
  /// The state, and LSTM's cell, before the first step; zeros where there is none.
  let initial: [Operand?]
  let outputs: [Product?]
  let steps: Int
  let batch: Int
  let inputs: Int
  let hidden: Int
  let directions: Int
  /// Gates times hidden.
  let width: Int
  let inputProduct: MatMulFloat
  let stateProduct: MatMulFloat
  let towardsInput: MatMulFloat
  let towardsState: MatMulFloat
  let weightGradient: MatMulWeightGradient
  let recurrentGradient: MatMulWeightGradient
  let sums: ChannelSums
  /// Activated gates, `[direction, step, batch, width]`.
  let gates: Slot
  /// LSTM: the cell; GRU: the recurrent part of the candidate. `[direction, step, batch, hidden]`.
  let cells: Slot
  /// The state before each step, and the one at the end.
  let states: Slot
  let scratch: Slot
  private let productByteCount: Int
  var kept: [Slot] { [gates, cells, states] }

  init(
    isLSTM: Bool, isReversed: Bool, _ x: Operand, _ weights: Operand, _ recurrent: Operand,
    _ bias: Operand?, _ initial: [Operand?], _ outputs: [Product?], _ site: TrainingSite
  ) {
    self.isLSTM = isLSTM
    self.isReversed = isReversed
    self.x = x
    self.weights = weights
    self.recurrent = recurrent
    self.bias = bias
    self.initial = initial
    self.outputs = outputs
    steps = x.shape[0]
    batch = x.shape[1]
    inputs = x.shape[2]
    hidden = recurrent.shape[2]
    directions = recurrent.shape[0]
    width = recurrent.shape[1]
    let isa = site.isa
    let rows = steps * batch
    inputProduct = MatMulFloat(
      rows: rows, depth: inputs, columns: width, transposedRight: true, isa: isa)
    stateProduct = MatMulFloat(
      rows: batch, depth: hidden, columns: width, transposedRight: true, isa: isa)
    towardsInput = MatMulFloat(rows: rows, depth: width, columns: inputs, isa: isa)
    towardsState = MatMulFloat(rows: batch, depth: width, columns: hidden, isa: isa)
    weightGradient = MatMulWeightGradient(depth: width, columns: inputs, isa: isa)
    recurrentGradient = MatMulWeightGradient(depth: width, columns: hidden, isa: isa)
    sums = ChannelSums(rows: rows, channels: width, isa: isa)
    gates = site.kept(count: directions * rows * width)
    cells = site.kept(count: directions * rows * hidden)
    states = site.kept(count: directions * (rows + batch) * hidden)
    let threads = site.threads
    let most = max(
      [inputProduct, stateProduct, towardsInput, towardsState].map {
        $0.scratchByteCount(threads: threads)
      }.max() ?? 0, weightGradient.scratchByteCount(threads: threads),
      recurrentGradient.scratchByteCount(threads: threads),
      sums.scratchByteCount(threads: threads))
    productByteCount = (most + 63) / 64 * 64
    scratch = site.scratch(
      byteCount: productByteCount
        + (2 * rows * width + batch * (width + 4 * hidden) + width + rows * inputs) * 4)
  }

  /// The step at each place of the sequence, in the order in which a direction goes.
  private func order(_ direction: Int) -> [Int] {
    isReversed || direction == 1 ? (0..<steps).reversed() : Array(0..<steps)
  }

  /// Floats behind the working memory of products.
  private func work(_ run: StepRun) -> UnsafeMutablePointer<Float> {
    (run.raw(scratch) + productByteCount).assumingMemoryBound(to: Float.self)
  }

  func forward(_ run: StepRun) {
    for direction in 0..<directions { forward(direction, run) }
  }

  private func forward(_ direction: Int, _ run: StepRun) {
    let rows = steps * batch
    let w = run.floats(weights.slot) + direction * width * inputs
    let r = run.floats(recurrent.slot) + direction * width * hidden
    let b = bias.map { run.floats($0.slot) + direction * 2 * width }
    let gates = run.floats(self.gates) + direction * rows * width
    let cells = run.floats(self.cells) + direction * rows * hidden
    let states = run.floats(self.states) + direction * (rows + batch) * hidden
    let work = work(run)
    inputProduct.run(
      run.floats(x.slot), w, into: gates, bias: b.map { UnsafePointer($0) },
      scratch: run.raw(scratch), pool: run.pool)
    let order = order(direction)
    let start = states + order[0] * batch * hidden
    if let given = initialValues(0, direction, run) {
      start.update(from: given, count: batch * hidden)
    } else {
      start.update(repeating: 0, count: batch * hidden)
    }
    let last = states + rows * hidden
    for (place, t) in order.enumerated() {
      let state = states + t * batch * hidden
      let next = place + 1 < steps ? states + order[place + 1] * batch * hidden : last
      stateProduct.run(
        state, r, into: work, bias: b.map { UnsafePointer($0 + width) },
        scratch: run.raw(scratch), pool: run.pool)
      let gate = gates + t * batch * width
      let cell = cells + t * batch * hidden
      if isLSTM {
        let before =
          place > 0
          ? UnsafePointer(cells + order[place - 1] * batch * hidden)
          : initialValues(1, direction, run)
        updateLSTM(gate, work, before, cell, next, run)
      } else {
        updateGRU(gate, work, cell, state, next, run)
      }
      if let y = outputs[0] {
        (run.floats(y.slot) + (t * directions + direction) * batch * hidden).update(
          from: next, count: batch * hidden)
      }
    }
    if let y = outputs[1] {
      (run.floats(y.slot) + direction * batch * hidden).update(from: last, count: batch * hidden)
    }
    if isLSTM, let y = outputs[2] {
      (run.floats(y.slot) + direction * batch * hidden).update(
        from: cells + order[steps - 1] * batch * hidden, count: batch * hidden)
    }
  }

  /// What `initial` holds for a direction.
  private func initialValues(
    _ index: Int, _ direction: Int, _ run: StepRun
  ) -> UnsafePointer<Float>? {
    initial[index].map { UnsafePointer(run.floats($0.slot) + direction * batch * hidden) }
  }

  private func activate(
    _ function: FloatActivation, _ values: UnsafeMutablePointer<Float>, _ count: Int, _ run: StepRun
  ) {
    function.apply(values, into: values, count: count, isa: run.isa, pool: run.pool)
  }

  private func updateLSTM(
    _ gates: UnsafeMutablePointer<Float>, _ product: UnsafePointer<Float>,
    _ before: UnsafePointer<Float>?, _ cells: UnsafeMutablePointer<Float>,
    _ next: UnsafeMutablePointer<Float>, _ run: StepRun
  ) {
    for index in 0..<batch * width { gates[index] += product[index] }
    for row in 0..<batch {
      let gate = gates + row * width
      activate(.sigmoid, gate, 3 * hidden, run)
      activate(.tanh, gate + 3 * hidden, hidden, run)
      let cell = cells + row * hidden
      for k in 0..<hidden {
        let old = before.map { $0[row * hidden + k] } ?? 0
        cell[k] = gate[2 * hidden + k] * old + gate[k] * gate[3 * hidden + k]
      }
      let state = next + row * hidden
      state.update(from: cell, count: hidden)
      activate(.tanh, state, hidden, run)
      for k in 0..<hidden { state[k] *= gate[hidden + k] }
    }
  }

  private func updateGRU(
    _ gates: UnsafeMutablePointer<Float>, _ product: UnsafePointer<Float>,
    _ cells: UnsafeMutablePointer<Float>, _ state: UnsafePointer<Float>,
    _ next: UnsafeMutablePointer<Float>, _ run: StepRun
  ) {
    for row in 0..<batch {
      let gate = gates + row * width
      let recurrent = product + row * width
      for k in 0..<2 * hidden { gate[k] += recurrent[k] }
      activate(.sigmoid, gate, 2 * hidden, run)
      for k in 0..<hidden {
        cells[row * hidden + k] = recurrent[2 * hidden + k]
        gate[2 * hidden + k] += gate[hidden + k] * recurrent[2 * hidden + k]
      }
      activate(.tanh, gate + 2 * hidden, hidden, run)
      for k in 0..<hidden {
        let z = gate[k]
        next[row * hidden + k] = (1 - z) * gate[2 * hidden + k] + z * state[row * hidden + k]
      }
    }
  }

  func backward(_ run: StepRun) {
    for direction in 0..<directions { backward(direction, run) }
  }

  private func backward(_ direction: Int, _ run: StepRun) {
    let rows = steps * batch
    let work = work(run)
    /// Gradients of the gates, as the input and as the state see them.
    let byInput = work
    let byState = byInput + rows * width
    let stateGradient = byState + rows * width
    let cellGradient = stateGradient + batch * hidden
    let product = cellGradient + batch * hidden
    let vector = product + batch * hidden
    let inputGradient = vector + width
    stateGradient.update(repeating: 0, count: batch * hidden)
    cellGradient.update(repeating: 0, count: batch * hidden)
    let r = run.floats(recurrent.slot) + direction * width * hidden
    add(outputs[1], direction * batch * hidden, to: stateGradient, run)
    if isLSTM { add(outputs[2], direction * batch * hidden, to: cellGradient, run) }
    let order = order(direction)
    for (place, t) in order.enumerated().reversed() {
      add(outputs[0], (t * directions + direction) * batch * hidden, to: stateGradient, run)
      let (dx, dh) = (byInput + t * batch * width, byState + t * batch * width)
      if isLSTM {
        stepLSTM(
          direction, t, before: place > 0 ? order[place - 1] : nil, stateGradient, cellGradient, dx,
          run)
        dh.update(from: dx, count: batch * width)
        stateGradient.update(repeating: 0, count: batch * hidden)
      } else {
        stepGRU(direction, t, stateGradient, dx, dh, run)
      }
      towardsState.run(dh, r, into: product, scratch: run.raw(scratch), pool: run.pool)
      for index in 0..<batch * hidden { stateGradient[index] += product[index] }
    }
    for (operand, gradient) in zip(initial, [stateGradient, cellGradient]) {
      guard let to = run.floats(operand?.gradient) else { continue }
      (to + direction * batch * hidden).update(from: gradient, count: batch * hidden)
    }
    if let to = run.floats(weights.gradient) {
      weightGradient.run(
        byInput, run.floats(x.slot), into: to + direction * width * inputs, rows: rows,
        scratch: run.raw(scratch), pool: run.pool)
    }
    if let to = run.floats(recurrent.gradient) {
      let states = run.floats(self.states) + direction * (rows + batch) * hidden
      recurrentGradient.run(
        byState, states, into: to + direction * width * hidden, rows: rows,
        scratch: run.raw(scratch), pool: run.pool)
    }
    if let to = run.floats(bias?.gradient) {
      let place = to + direction * 2 * width
      sums.sum(byInput, into: place, scratch: run.raw(scratch), pool: run.pool)
      sums.sum(byState, into: place + width, scratch: run.raw(scratch), pool: run.pool)
    }
    if let to = run.floats(x.gradient) {
      let w = run.floats(weights.slot) + direction * width * inputs
      towardsInput.run(
        byInput, w, into: direction == 0 ? to : inputGradient, scratch: run.raw(scratch),
        pool: run.pool)
      if direction > 0 {
        for index in 0..<rows * inputs { to[index] += inputGradient[index] }
      }
    }
  }

  private func add(
    _ output: Product?, _ offset: Int, to sum: UnsafeMutablePointer<Float>, _ run: StepRun
  ) {
    guard let from = run.floats(output?.gradient) else { return }
    for index in 0..<batch * hidden { sum[index] += from[offset + index] }
  }

  private func stepLSTM(
    _ direction: Int, _ t: Int, before: Int?, _ dh: UnsafeMutablePointer<Float>,
    _ dc: UnsafeMutablePointer<Float>, _ gradients: UnsafeMutablePointer<Float>, _ run: StepRun
  ) {
    let rows = steps * batch
    let gates = run.floats(self.gates) + (direction * rows + t * batch) * width
    let all = run.floats(cells) + direction * rows * hidden
    let cell = all + t * batch * hidden
    let old =
      before.map { UnsafePointer(all + $0 * batch * hidden) } ?? initialValues(1, direction, run)
    for row in 0..<batch {
      let (gate, gradient) = (gates + row * width, gradients + row * width)
      // The activated cell, in the place of the last gradient of this row.
      let active = gradient + 3 * hidden
      active.update(from: cell + row * hidden, count: hidden)
      activate(.tanh, active, hidden, run)
      for k in 0..<hidden {
        let index = row * hidden + k
        let (i, o) = (gate[k], gate[hidden + k])
        let (f, g) = (gate[2 * hidden + k], gate[3 * hidden + k])
        let c = dc[index] + dh[index] * o * (1 - active[k] * active[k])
        gradient[hidden + k] = dh[index] * active[k] * o * (1 - o)
        gradient[k] = c * g * i * (1 - i)
        gradient[2 * hidden + k] = c * (old.map { $0[index] } ?? 0) * f * (1 - f)
        gradient[3 * hidden + k] = c * i * (1 - g * g)
        dc[index] = c * f
      }
    }
  }

  /// Leaves in `dh` what goes to the state before past all products.
  private func stepGRU(
    _ direction: Int, _ t: Int, _ dh: UnsafeMutablePointer<Float>,
    _ byInput: UnsafeMutablePointer<Float>, _ byState: UnsafeMutablePointer<Float>, _ run: StepRun
  ) {
    let rows = steps * batch
    let gates = run.floats(self.gates) + (direction * rows + t * batch) * width
    let candidates = run.floats(cells) + (direction * rows + t * batch) * hidden
    let states = run.floats(self.states) + (direction * (rows + batch) + t * batch) * hidden
    for row in 0..<batch {
      let gate = gates + row * width
      let (dx, ds) = (byInput + row * width, byState + row * width)
      for k in 0..<hidden {
        let index = row * hidden + k
        let (z, r, n) = (gate[k], gate[hidden + k], gate[2 * hidden + k])
        let dn = dh[index] * (1 - z) * (1 - n * n)
        dx[k] = dh[index] * (states[index] - n) * z * (1 - z)
        dx[hidden + k] = dn * candidates[index] * r * (1 - r)
        dx[2 * hidden + k] = dn
        ds[k] = dx[k]
        ds[hidden + k] = dx[hidden + k]
        ds[2 * hidden + k] = dn * r
        dh[index] *= z
      }
    }
  }
}
