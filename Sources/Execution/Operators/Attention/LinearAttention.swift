internal import Glibc
internal import Graphs
internal import Kernels
internal import Tensors

/// LinearAttention: a recurrence over a matrix of state per head instead of scores over all keys.
///
/// `S = exp(g) S + k ⊗ v`, where the delta rules write `β (v − Sᵀk)` in place of `v`;
/// `o = scale · qᵀ S`.
struct LinearAttention: OperatorKernel {
  static let widensHalves = true
  private let queryHeads: Int
  private let stateHeads: Int
  private let scale: Float
  private let isGated: Bool
  private let isDelta: Bool

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    queryHeads = Int(clamping: node.int("q_num_heads") ?? 0)
    stateHeads = Int(clamping: node.int("kv_num_heads") ?? 0)
    scale = node.float("scale") ?? 0
    let rule = node.string("update_rule") ?? "gated_delta"
    guard ["linear", "gated", "delta", "gated_delta"].contains(rule) else {
      throw .invalidAttribute(
        operatorName: "LinearAttention", node: node.name, attribute: "update_rule",
        detail: "is '\(rule)'")
    }
    isGated = rule.hasPrefix("gated")
    isDelta = rule.hasSuffix("delta")
    guard queryHeads > 0, stateHeads > 0, queryHeads % stateHeads == 0 else {
      throw .invalidAttribute(
        operatorName: "LinearAttention", node: node.name, attribute: "q_num_heads",
        detail: "is \(queryHeads), no multiple of kv_num_heads, \(stateHeads)")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let (q, k, v) = try (site.input(0), site.input(1), site.input(2))
    let past = try site.optionalInput(3)
    guard q.shape.rank == 3, k.shape.rank == 3, v.shape.rank == 3,
      k.shape.dimensions[..<2] == q.shape.dimensions[..<2],
      v.shape.dimensions[..<2] == q.shape.dimensions[..<2], q.shape[2] % queryHeads == 0,
      k.shape[2] * queryHeads == q.shape[2] * stateHeads, v.shape[2] % stateHeads == 0
    else { throw site.mismatch("\(q.shape), \(k.shape) and \(v.shape)") }
    let (batch, steps) = (q.shape[0], q.shape[1])
    let (keySize, valueSize) = (q.shape[2] / queryHeads, v.shape[2] / stateHeads)
    let stateShape = Shape([batch, stateHeads, keySize, valueSize])
    guard past.map({ $0.shape == stateShape }) ?? true else {
      throw site.mismatch("a state of \(past?.shape ?? .scalar) for \(stateShape)")
    }
    let decay = isGated ? try site.input(4) : nil
    let beta = isDelta ? try site.input(5) : nil
    let decaySize = decay?.shape.dimensions.last ?? 0
    let betaSize = beta?.shape.dimensions.last ?? 0
    for (value, sizes) in [(decay, [stateHeads, stateHeads * keySize]), (beta, [stateHeads, 1])] {
      guard let value else { continue }
      guard value.shape.rank == 3, value.shape.dimensions[..<2] == q.shape.dimensions[..<2],
        sizes.contains(value.shape[2])
      else { throw site.mismatch("a gate of \(value.shape)") }
    }
    func floats(_ value: Value?) throws(ExecutionError) -> Buffer.ID? {
      guard let value else { return nil }
      return site.read(try site.operand(value, as: .float32))
    }
    let operands = try [floats(q), floats(k), floats(v)].compactMap { $0 }
    let (pastBuffer, decayBuffer, betaBuffer) = try (floats(past), floats(decay), floats(beta))
    let shape = Shape([batch, steps, queryHeads * valueSize])
    let target = site.compiler.addBuffer(.arena, byteCount: 4 * shape.elementCount)
    let present = site.compiler.addBuffer(.arena, byteCount: 4 * stateShape.elementCount)
    let recurrence = StateRecurrence(
      steps: steps, queryHeads: queryHeads, stateHeads: stateHeads, keySize: keySize,
      valueSize: valueSize, scale: scale == 0 ? 1 / Float(keySize).squareRoot() : scale,
      decaySize: decaySize, betaSize: betaSize)
    let stateCount = stateShape.elementCount
    let stateHeads = self.stateHeads
    var step = Step(
      name: site.nodeName, operatorName: site.operatorName, nodes: site.unit.nodes,
      output: site.unit.outputs.first ?? "", outputShape: shape, kernel: "linear-attention-f32",
      reads: operands + [pastBuffer, decayBuffer, betaBuffer].compactMap { $0 },
      writes: [target, present]
    ) { (run: RunContext) throws(ExecutionError) in
      let state = run.floats(present)
      if let pastBuffer {
        state.update(from: run.floats(pastBuffer), count: stateCount)
      } else {
        state.update(repeating: 0, count: stateCount)
      }
      run.pool.parallel(batch * stateHeads) { range in
        for index in range {
          recurrence.run(
            run.floats(operands[0]), run.floats(operands[1]), run.floats(operands[2]),
            decay: decayBuffer.map { UnsafePointer(run.floats($0)) },
            beta: betaBuffer.map { UnsafePointer(run.floats($0)) },
            state: state + index * keySize * valueSize, into: run.floats(target),
            sample: index / stateHeads, head: index % stateHeads)
        }
      }
    }
    step.multiplyAccumulates = batch * steps * (queryHeads + stateHeads) * keySize * valueSize
    try site.compiler.emit(step)
    try site.emitConverted(target, .float32, to: q.elementType, shape: shape)
    if site.outputCount > 1 {
      try site.emitConverted(
        present, .float32, to: past?.elementType ?? q.elementType, shape: stateShape, 1)
    }
  }
}

/// The recurrence of one head of state through all steps of one sample.
private struct StateRecurrence: Sendable {
  let steps: Int
  let queryHeads: Int
  let stateHeads: Int
  let keySize: Int
  let valueSize: Int
  let scale: Float
  /// Numbers per step: one for each head, or one for each element of a key.
  let decaySize: Int
  let betaSize: Int

  /// - Parameter state: `[keySize, valueSize]`, of this head alone.
  func run(
    _ query: UnsafePointer<Float>, _ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>,
    decay: UnsafePointer<Float>?, beta: UnsafePointer<Float>?,
    state: UnsafeMutablePointer<Float>, into output: UnsafeMutablePointer<Float>, sample: Int,
    head: Int
  ) {
    let group = queryHeads / stateHeads
    var written = [Float](repeating: 0, count: valueSize)
    for step in 0..<steps {
      let row = sample * steps + step
      let k = key + (row * stateHeads + head) * keySize
      let v = value + (row * stateHeads + head) * valueSize
      if let decay {
        for d in 0..<keySize {
          let index = decaySize == stateHeads ? head : head * keySize + d
          let factor = expf(decay[row * decaySize + index])
          for m in 0..<valueSize { state[d * valueSize + m] *= factor }
        }
      }
      for m in 0..<valueSize { written[m] = v[m] }
      if let beta {
        for d in 0..<keySize {
          for m in 0..<valueSize { written[m] -= state[d * valueSize + m] * k[d] }
        }
        let rate = beta[row * betaSize + (betaSize == 1 ? 0 : head)]
        for m in 0..<valueSize { written[m] *= rate }
      }
      for d in 0..<keySize {
        for m in 0..<valueSize { state[d * valueSize + m] += k[d] * written[m] }
      }
      for member in 0..<group {
        let place = row * queryHeads + head * group + member
        let q = query + place * keySize
        let o = output + place * valueSize
        for m in 0..<valueSize { o[m] = 0 }
        for d in 0..<keySize {
          for m in 0..<valueSize { o[m] += q[d] * state[d * valueSize + m] }
        }
        for m in 0..<valueSize { o[m] *= scale }
      }
    }
  }
}
