package import Conversion
import Datasets
package import Execution
import Graphs
package import Kernels
import Quantization
import Tensors

/// Runs a float model over data and lets every observer watch every edge.
package struct Calibrator {
  private let layers: LayerGraph
  private let executor: Executor
  private let kernels: FastObservationKernels
  private let graphInputs: [String]
  private let edges: [String]

  package init(
    layers: LayerGraph, threads: Int = 1, instructionSet: InstructionSet = .best
  ) throws(ExecutionError) {
    self.layers = layers
    edges = layers.observedEdges
    let inputs = Set(layers.model.graph.requiredInputs.map(\.name))
    graphInputs = edges.filter(inputs.contains)
    executor = try Executor(
      model: layers.model,
      options: ExecutionOptions(
        mode: .float, instructionSet: instructionSet, threads: threads,
        kept: Set(edges).subtracting(inputs)),
      isPrepared: true)
    kernels = FastObservationKernels(instructionSet: instructionSet, pool: executor.pool)
  }

  /// Observes every batch of `data`, adding to `earlier`.
  ///
  /// - Parameters:
  ///   - progress: called at most 20 times a second, when a pause starts, and after the last batch.
  /// - Throws: `JobCancelled`, or what reading a batch or running the model throws.
  package func run(
    _ data: some BatchSource, continuing earlier: CalibrationStatistics? = nil,
    control: JobControl = JobControl(), progress: (CalibrationProgress) -> Void = { _ in }
  ) throws -> CalibrationStatistics {
    guard data.batchCount > 0 else { throw CalibrationError.noData }
    var pass = ObservingPass(
      statistics: earlier ?? CalibrationStatistics(), kernels: kernels,
      inner: Set(layers.layers.filter { !$0.within.isEmpty }.flatMap(\.outputs)))
    var gate = ProgressGate()
    var carrier = try StateCarrier(data.states, executor)

    func report(_ done: Int, isPaused: Bool) {
      let watched = control.watched
      progress(
        CalibrationProgress(
          batchesDone: done, batchesTotal: data.batchCount, samples: pass.statistics.sampleCount,
          elapsed: gate.elapsed, isPaused: isPaused, residentByteCount: ResidentMemory.byteCount,
          watched: edges.filter(watched.contains).compactMap(pass.watch)))
    }

    for index in 0..<data.batchCount {
      try control.checkpoint { report(index, isPaused: true) }
      let batch = try data.inputBatch(at: index)
      let inputs = try carrier.inputs(
        batch.inputs, startsSequence: data.startsSequence(at: index))
      pass.begin(watching: control.watched)
      for name in graphInputs {
        guard let tensor = inputs[name] else { continue }
        tensor.withUnsafeElements(of: Float.self) { values in
          pass.observe(name, values, shape: tensor.shape, isChannelsLast: false)
        }
      }
      let outputs = try executor.run(inputs) { value in
        try control.checkCancellation()
        pass.observe(
          value.name, value.floats, shape: value.shape,
          isChannelsLast: value.layout == .channelsLast)
      }
      carrier.keep(outputs)
      pass.end(sampleCount: batch.sampleCount)
      let isLast = index + 1 == data.batchCount
      if gate.opens(isFinal: isLast) { report(index + 1, isPaused: false) }
    }
    return pass.statistics
  }
}

/// Statistics while batches come in.
private struct ObservingPass {
  private(set) var statistics: CalibrationStatistics
  private let kernels: FastObservationKernels
  private var watched: Set<String> = []
  /// Edges that not every batch has to make.
  private let inner: Set<String>
  private var reached: Set<String> = []
  /// Of watched edges: count and mean before the current batch.
  private var before: [String: (count: Int, mean: Double)] = [:]

  init(
    statistics: CalibrationStatistics, kernels: FastObservationKernels, inner: Set<String>
  ) {
    self.statistics = statistics
    self.kernels = kernels
    self.inner = inner
  }

  mutating func begin(watching edges: Set<String>) {
    watched = edges
    before = [:]
    for edge in edges {
      if let known = statistics.edges[edge] { before[edge] = (known.elementCount, known.mean) }
    }
  }

  mutating func end(sampleCount: Int) {
    for edge in reached { statistics.reachedBatches[edge, default: 0] += 1 }
    reached = []
    statistics.batchCount += 1
    statistics.sampleCount += sampleCount
  }

  mutating func observe(
    _ edge: String, _ values: UnsafeBufferPointer<Float>, shape: Shape, isChannelsLast: Bool
  ) {
    guard !values.isEmpty else { return }
    if inner.contains(edge) { reached.insert(edge) }
    let view: BatchView
    if shape.rank < 2 {
      view = BatchView(values)
    } else {
      let channels = shape[1]
      let inner = isChannelsLast ? 1 : values.count / (shape[0] * channels)
      view = BatchView(
        values, outer: values.count / (channels * inner), channels: channels, inner: inner)
    }
    let axis = shape.rank < 2 ? nil : 1
    statistics.edges[edge, default: TensorStatistics(channelAxis: axis)]
      .observe(view, using: kernels)
  }

  func watch(_ edge: String) -> WatchedEdge? {
    guard let known = statistics.edges[edge] else { return nil }
    return WatchedEdge(
      edge: edge, statistics: known, batch: lastBatch(of: edge, known),
      stableSince: known.batchRanges.stableSince(tolerance: 0.01))
  }

  private func lastBatch(of edge: String, _ known: TensorStatistics) -> BatchExtent? {
    guard watched.contains(edge), let point = known.batchRanges.points.last else { return nil }
    let earlier = before[edge] ?? (0, 0)
    let count = known.elementCount - earlier.count
    guard count > 0 else { return nil }
    let sum = known.mean * Double(known.elementCount) - earlier.mean * Double(earlier.count)
    return BatchExtent(
      minimum: point.minimum, maximum: point.maximum, mean: sum / Double(count))
  }
}
