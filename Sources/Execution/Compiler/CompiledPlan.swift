internal import Tensors

/// A plan with the code that runs it: steps, the buffers between them, and where those lie.
final class CompiledPlan {
  struct Output {
    let name: String
    let elementType: ElementType
    let shape: Shape
    let buffer: Buffer.ID
  }

  let buffers: [Buffer]
  let steps: [Step]
  /// Of the steps: to go through these copies nothing else.
  let bodies: [Step.Body]
  let outputs: [Output]
  let observations: [Observation]
  /// Why it ends before the model does; `nil` where it makes the model's outputs.
  let pause: PlanPause?
  /// What followed so far, by what was known then.
  var continuations: [Continuation: CompiledPlan] = [:]
  /// By buffer number; of use for arena buffers only.
  let offsets: [Int]
  /// For each output, the numbers of the buffers that lie in its tensor; none where its elements
  /// are copied into it.
  let outputBuffers: [[Int]]
  /// By buffer number: whether it lies in the arena, and in none of the outputs.
  let isInArena: [Bool]
  let arenaByteCount: Int
  let description: Plan

  init(
    buffers: [Buffer], steps: [Step], outputs: [Output], observations: [Observation],
    pause: PlanPause?
  ) {
    self.buffers = buffers
    self.steps = steps
    bodies = steps.map(\.body)
    self.outputs = outputs
    self.observations = observations
    self.pause = pause
    let placement = Self.place(buffers, steps, outputs, pause?.handedOn ?? [], observations)
    offsets = placement.offsets
    outputBuffers = placement.outputBuffers
    let inOutputs = Set(placement.outputBuffers.joined())
    isInArena = buffers.indices.map { buffers[$0].isInArena && !inOutputs.contains($0) }
    arenaByteCount = placement.byteCount
    description = Plan(
      steps: steps.enumerated().map { index, step in step.description(index, buffers) }
        + (pause?.description(steps.count).map { [$0] } ?? []),
      arenaByteCount: placement.byteCount,
      packedWeightByteCount: steps.reduce(0) { $0 + $1.weightByteCount })
  }

  private static func place(
    _ buffers: [Buffer], _ steps: [Step], _ outputs: [Output], _ handedOn: [Buffer.ID],
    _ observations: [Observation]
  ) -> (offsets: [Int], byteCount: Int, outputBuffers: [[Int]]) {
    var lives = [MemoryPlanner.Lifetime?](repeating: nil, count: buffers.count)
    func use(_ buffer: Buffer.ID, at step: Int) {
      let index = buffer.rawValue
      guard buffers[index].isInArena else { return }
      if lives[index] == nil {
        lives[index] = MemoryPlanner.Lifetime(
          byteCount: buffers[index].byteCount, first: step, last: step)
      }
      let last = max(lives[index]?.last ?? step, step)
      lives[index]?.last = last
    }
    for (index, step) in steps.enumerated() {
      for buffer in step.reads + step.writes { use(buffer, at: index) }
      if let scratch = step.scratch { use(scratch, at: index) }
    }
    for buffer in outputs.map(\.buffer) + handedOn { use(buffer, at: steps.count) }
    for observation in observations {
      for buffer in [observation.floats, observation.other, observation.codeBuffer] {
        if let buffer { use(buffer, at: observation.afterStep) }
      }
    }
    // A step that may work in place takes over the slot of an input that ends with it.
    var slot = Array(buffers.indices)
    for (index, step) in steps.enumerated() {
      guard let output = step.writes.first?.rawValue, let to = lives[output] else { continue }
      for shared in step.sharesInputs {
        let input = slot[step.reads[shared].rawValue]
        guard let from = lives[input], from.last == index, from.byteCount >= to.byteCount,
          step.reads.count(where: { slot[$0.rawValue] == input }) == 1
        else { continue }
        slot[output] = input
        lives[input]?.last = to.last
        lives[output] = nil
        break
      }
    }
    // Outputs are made where the caller will have them.
    let outputBuffers = outputs.map { output -> [Int] in
      let root = slot[output.buffer.rawValue]
      let byteCount = output.elementType.byteCount(elements: output.shape.elementCount)
      guard lives[root]?.byteCount == byteCount else { return [] }
      lives[root] = nil
      return buffers.indices.filter { slot[$0] == root }
    }
    let alive = buffers.indices.filter { lives[$0] != nil }
    let placement = MemoryPlanner.place(alive.compactMap { lives[$0] })
    var offsets = [Int](repeating: 0, count: buffers.count)
    for (position, buffer) in alive.enumerated() { offsets[buffer] = placement.offsets[position] }
    for buffer in buffers.indices { offsets[buffer] = offsets[slot[buffer]] }
    return (offsets, placement.byteCount, outputBuffers)
  }
}

extension Step {
  fileprivate func description(_ index: Int, _ buffers: [Buffer]) -> PlanStep {
    PlanStep(
      index: index, name: name, operatorName: operatorName, nodes: nodes, output: output,
      outputShape: outputShape, kernel: kernel, multiplyAccumulates: multiplyAccumulates,
      bytesMoved: (reads + writes).reduce(weightByteCount) { $0 + buffers[$1.rawValue].byteCount },
      isInteger: isInteger, safeRun: safeRun)
  }
}

extension PlanPause {
  /// The operation as a step; `nil` where only a value is found out.
  fileprivate func description(_ index: Int) -> PlanStep? {
    guard case .operation(let operation) = reason else { return nil }
    let kernel = if case .controlFlow = operation { "graphs" } else { "whole tensors" }
    return PlanStep(
      index: index, name: unit.label, operatorName: unit.operatorName, nodes: unit.nodes,
      output: unit.outputs.first ?? "", outputShape: .scalar, kernel: kernel,
      multiplyAccumulates: 0, bytesMoved: 0, isInteger: false, safeRun: nil)
  }
}
