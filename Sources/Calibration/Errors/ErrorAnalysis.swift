package import Conversion
import Datasets
import Execution
import Graphs
package import Kernels
import OrderedCollections
import Quantization
import Tensors

/// How far a long job is.
package struct JobProgress: Sendable {
  package let done: Int
  package let total: Int
  package let elapsed: Duration
  /// What is being worked on.
  package let label: String
}

/// Runs a model four ways over the same data and compares every layer: in float, each layer
/// quantized by itself, everything quantized in float arithmetic, and on int8 kernels.
package struct ErrorAnalysis {
  private let layers: LayerGraph
  private let conversion: Conversion
  private let pairs: [LocalErrorModel.Pair]
  private let float: Executor
  private let local: Executor
  private let simulated: Executor
  private let executed: Executor
  private let instructionSet: InstructionSet
  private let pool: ThreadPool

  /// - Parameters:
  ///   - resolution: what `conversion` was made from.
  package init(
    layers: LayerGraph, resolution: Resolution, conversion: Conversion, threads: Int = 1,
    instructionSet: InstructionSet = .best
  ) throws {
    self.layers = layers
    self.conversion = conversion
    self.instructionSet = instructionSet
    pool = ThreadPool(threads: max(threads, 1))
    let parameters = Dictionary(
      uniqueKeysWithValues: conversion.edgeParameters.map { ($0.key, $0.value) })
    let localModel = try LocalErrorModel(layers, resolution, edgeParameters: parameters)
    pairs = localModel.pairs

    func executor(_ model: Model, _ mode: ExecutionMode, keeping kept: Set<String>) throws
      -> Executor
    {
      try Executor(
        model: model,
        options: ExecutionOptions(
          mode: mode, instructionSet: instructionSet, threads: threads, kept: kept),
        isPrepared: true)
    }
    let outputs = layers.layers.flatMap(\.outputs)
    let places = Set(layers.layers.flatMap(\.outputs).map(conversion.observableName))
    float = try executor(layers.model, .float, keeping: Set(outputs))
    local = try executor(localModel.model, .simulated, keeping: Set(pairs.map(\.quantized)))
    simulated = try executor(conversion.model, .simulated, keeping: places)
    executed = try executor(conversion.model, .integer, keeping: places)
  }

  /// - Parameter progress: called at most 20 times a second and after the last batch.
  package func run(
    _ data: some BatchSource, control: JobControl = JobControl(),
    progress: (JobProgress) -> Void = { _ in }
  ) throws -> ErrorReport {
    guard data.batchCount > 0 else { throw CalibrationError.noData }
    var comparison = RunComparison(
      layers: layers, conversion: conversion, pairs: pairs,
      tally: ErrorTally(instructionSet: instructionSet, pool: pool))
    var gate = ProgressGate()
    var samples = 0
    let states = try StateCarrier(data.states, float)
    var carriers = (float: states, simulated: states, executed: states)
    for index in 0..<data.batchCount {
      try control.checkpoint()
      let batch = try data.inputBatch(at: index)
      let isStart = data.startsSequence(at: index)

      func run(
        _ executor: Executor, _ inputs: [String: Tensor], _ observe: (ObservedValue) -> Void
      ) throws -> [String: Tensor] {
        try executor.run(inputs) { value in
          try control.checkCancellation()
          observe(value)
        }
      }
      // Every run has states of its own, as it would alone; what a layer does by itself is told
      // beside the float run.
      let inputs = try carriers.float.inputs(batch.inputs, startsSequence: isStart)
      let real = try run(float, inputs) { comparison.holdFloat($0) }
      _ = try run(local, inputs) { comparison.compareLocal($0) }
      let rounded = try run(
        simulated, carriers.simulated.inputs(batch.inputs, startsSequence: isStart)
      ) { comparison.compareSimulated($0) }
      let int8 = try run(
        executed, carriers.executed.inputs(batch.inputs, startsSequence: isStart)
      ) { comparison.compareExecuted($0) }
      carriers.float.keep(real)
      carriers.simulated.keep(rounded)
      carriers.executed.keep(int8)
      comparison.addOutputs(float: real, simulated: rounded, executed: int8, labels: batch.labels)
      samples += batch.sampleCount
      let isLast = index + 1 == data.batchCount
      if gate.opens(isFinal: isLast) {
        progress(
          JobProgress(
            done: index + 1, total: data.batchCount, elapsed: gate.elapsed, label: "errors"))
      }
    }
    return comparison.report(sampleCount: samples)
  }
}

/// The values of one batch and the errors of all batches.
private struct RunComparison {
  private let layers: LayerGraph
  private let localPairs: [String: LocalErrorModel.Pair]
  private let edgeByPlace: [String: String]
  private let scales: [String: Float]
  private var floats: [String: HeldValue] = [:]
  private var rounded: [String: HeldValue] = [:]
  private var local: ErrorTally
  private var accumulated: ErrorTally
  private var executed: ErrorTally
  private var codeDifferences: [String: Int] = [:]
  private var outputs: [String: OutputComparison] = [:]

  init(
    layers: LayerGraph, conversion: Conversion, pairs: [LocalErrorModel.Pair], tally: ErrorTally
  ) {
    self.layers = layers
    (local, accumulated, executed) = (tally, tally, tally)
    localPairs = Dictionary(uniqueKeysWithValues: pairs.map { ($0.quantized, $0) })
    edgeByPlace = Dictionary(
      uniqueKeysWithValues: layers.layers.flatMap(\.outputs).map {
        (conversion.observableName(of: $0), $0)
      })
    scales = conversion.edgeParameters.elements.reduce(into: [:]) { $0[$1.key] = $1.value.scale }
  }

  mutating func holdFloat(_ value: ObservedValue) {
    floats[value.name, default: HeldValue()].hold(value)
  }

  mutating func compareLocal(_ value: ObservedValue) {
    guard let pair = localPairs[value.name] else { return }
    floats[pair.reference]?.paired(with: value) { local.add(pair.layer, reference: $0, test: $1) }
  }

  mutating func compareSimulated(_ value: ObservedValue) {
    guard let edge = edgeByPlace[value.name] else { return }
    floats[edge]?.paired(with: value) { accumulated.add(edge, reference: $0, test: $1) }
    rounded[edge, default: HeldValue()].hold(value)
  }

  mutating func compareExecuted(_ value: ObservedValue) {
    guard let edge = edgeByPlace[value.name], !value.floats.isEmpty else { return }
    floats[edge]?.paired(with: value) { executed.add(edge, reference: $0, test: $1) }
    guard let scale = scales[edge] else { return }
    rounded[edge]?.paired(with: value) { simulated, int8 in
      var largest: Float = 0
      for index in simulated.indices { largest = max(largest, abs(simulated[index] - int8[index])) }
      codeDifferences[edge] = max(codeDifferences[edge] ?? 0, Int((largest / scale).rounded()))
    }
  }

  mutating func addOutputs(
    float: [String: Tensor], simulated: [String: Tensor], executed: [String: Tensor],
    labels: [Int64]?
  ) {
    for (name, real) in float {
      guard let rounded = simulated[name], let int8 = executed[name] else { continue }
      outputs[name, default: OutputComparison()].add(
        float: real, simulated: rounded, executed: int8, labels: labels)
    }
  }

  func report(sampleCount: Int) -> ErrorReport {
    ErrorReport(
      layers: layers.layers.map { layer in
        LayerError(
          layer: layer.id, local: local[layer.id], accumulated: accumulated[layer.output],
          executed: executed[layer.output], codeDifference: codeDifferences[layer.output])
      },
      outputs: layers.model.graph.outputs.compactMap { output in
        outputs[output.name]?.result(for: output.name)
      },
      sampleCount: sampleCount)
  }
}
