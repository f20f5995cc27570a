package import Conversion
internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// How models do on the samples that are kept apart.
extension TrainingRun {
  func report(
    epoch: Int, loss: Double?, _ betweenBatches: () throws -> Void
  ) throws -> EpochReport {
    var simulated = ValidationTally()
    try eachValidationBatch(betweenBatches) { numbers, inputs, labels, teacher, rows in
      let plan = try plan(for: numbers)
      try plan.forward(inputs, mode: .evaluation)
      simulated.add(plan.output(target), teacher: teacher, labels: labels, rows: rows)
    }
    return EpochReport(
      epoch: epoch, loss: loss, simulated: simulated.result,
      converted: try judge(try trained().conversion, betweenBatches: betweenBatches))
  }

  /// How a converted form of the model does on the samples kept for validation, on integer kernels.
  /// - Parameter betweenBatches: may wait, or throw to give up.
  package func judge(
    _ conversion: Conversion, betweenBatches: () throws -> Void = {}
  ) throws -> Validation {
    var int8 = conversion.model
    // Integer kernels make the output; a softmax behind it changes no order.
    let name = conversion.observableName(of: target)
    int8.graph.outputs = [ValueDeclaration(name: name, elementType: nil, dimensions: nil)]
    let executor = try Executor(
      model: int8,
      options: ExecutionOptions(
        mode: .integer, instructionSet: isa, threads: pool.threadCount),
      isPrepared: true)
    var tally = ValidationTally()
    try eachValidationBatch(betweenBatches) { _, inputs, labels, teacher, rows in
      let found = try executor.run(inputs)[name]?.floats ?? []
      found.withUnsafeBufferPointer {
        tally.add($0, teacher: teacher, labels: labels, rows: rows)
      }
    }
    return tally.result
  }

  /// How the float model does, before training.
  /// - Parameter betweenBatches: may wait, or throw to give up.
  package func judgeFloat(betweenBatches: () throws -> Void = {}) throws -> Validation {
    var tally = ValidationTally()
    try eachValidationBatch(betweenBatches) { _, _, labels, teacher, rows in
      teacher.withUnsafeBufferPointer {
        tally.add($0, teacher: teacher, labels: labels, rows: rows)
      }
    }
    return tally.result
  }

  private func eachValidationBatch(
    _ betweenBatches: () throws -> Void,
    _ body: (
      _ numbers: [Int], _ inputs: [String: Tensor], _ labels: [Int64]?, _ teacher: [Float],
      _ rows: Int
    ) throws -> Void
  ) throws {
    for first in stride(from: 0, to: validation.count, by: options.batchSize) {
      try betweenBatches()
      let numbers = Array(validation[first..<min(first + options.batchSize, validation.count)])
      let (inputs, labels) = validationSamples.batch(numbers)
      let teacher = try teacher.values(inputs)[target]?.floats ?? []
      try body(numbers, inputs, labels, teacher, labels?.count ?? numbers.count)
    }
  }
}
