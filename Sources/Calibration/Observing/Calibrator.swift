package import Conversion
import Datasets
package import Execution
import Graphs
package import Kernels
import OrderedCollections
import Quantization
import Synchronization
import Tensors

/// Runs a float model over data and lets every observer watch every edge.
///
/// Two threads get more done on a batch each than on one together, so batches run side by side where
/// they do not depend on each other; statistics are the same as in a row.
package struct Calibrator {
  private let layers: LayerGraph
  /// One with all threads.
  private let executor: Executor
  /// Several that share the threads; none where batches have to run in a row.
  private let lanes: [Executor]
  private let instructionSet: InstructionSet
  private let graphInputs: [String]
  private let edges: [String]
  private let inner: Set<String>

  private static let laneCount = 2
  /// What a lane costs to make, in batches.
  private static let fewestBatches = 8
  /// Lanes hold the weights once more where shapes are not known before the batches, and what is
  /// known of that here does not tell.
  private static let mostWeightBytes = 256 << 20

  package init(
    layers: LayerGraph, threads: Int = 1, instructionSet: InstructionSet = .best
  ) throws(ExecutionError) {
    self.layers = layers
    self.instructionSet = instructionSet
    edges = layers.observedEdges
    inner = Set(layers.layers.filter { !$0.within.isEmpty }.flatMap(\.outputs))
    let inputs = Set(layers.model.graph.requiredInputs.map(\.name))
    graphInputs = edges.filter(inputs.contains)
    let kept = Set(edges).subtracting(inputs)
    func executor(threads: Int) throws(ExecutionError) -> Executor {
      try Executor(
        model: layers.model,
        options: ExecutionOptions(
          mode: .float, instructionSet: instructionSet, threads: threads, kept: kept),
        isPrepared: true)
    }
    self.executor = try executor(threads: threads)
    var lanes: [Executor] = []
    let weightBytes = layers.model.graph.initializers.values.reduce(0) { $0 + $1.tensor.byteCount }
    // Graphs inside of nodes may show an edge several times, or not at all.
    if threads >= Self.laneCount, inner.isEmpty, weightBytes <= Self.mostWeightBytes {
      for _ in 0..<Self.laneCount { lanes.append(try executor(threads: threads / Self.laneCount)) }
    }
    self.lanes = lanes
  }

  /// Compiles what running over `data` will need, without reading any.
  ///
  /// Shapes that the model refuses are told by the first batch that has them.
  package func prepare(for data: some BatchSource) {
    guard let shapes = data.expectedShapes else { return }
    let executors = executors(for: data)
    guard (try? executors[0].compile(for: shapes)) != nil else { return }
    for other in executors.dropFirst() { other.takePlans(of: executors[0]) }
  }

  /// Those that share the batches of `data`; never none.
  private func executors(for data: some BatchSource) -> [Executor] {
    let isSideBySide = data.states.isEmpty && data.batchCount >= Self.fewestBatches
    return isSideBySide && !lanes.isEmpty ? lanes : [executor]
  }

  /// Observes every batch of `data`, adding to `earlier`.
  ///
  /// - Parameters:
  ///   - progress: called at most 20 times a second, when a pause starts, and after the last batch;
  ///     from any thread, one call at a time.
  /// - Throws: `JobCancelled`, or what reading a batch or running the model throws.
  package func run(
    _ data: some BatchSource, continuing earlier: CalibrationStatistics? = nil,
    control: JobControl = JobControl(), progress: (CalibrationProgress) -> Void = { _ in }
  ) throws -> CalibrationStatistics {
    guard data.batchCount > 0 else { throw CalibrationError.noData }
    let book = EdgeBook(edges, continuing: earlier, inner: inner)
    prepare(for: data)
    let executors = executors(for: data)
    let line = Mutex(BatchLine())

    func report(_ gate: ProgressGate, isPaused: Bool) {
      let watched = control.watched
      progress(
        CalibrationProgress(
          batchesDone: book.finishedCount, batchesTotal: data.batchCount,
          samples: book.sampleCount, elapsed: gate.elapsed, isPaused: isPaused,
          residentByteCount: ResidentMemory.byteCount,
          watched: edges.filter(watched.contains).compactMap(book.watch)))
    }

    /// The next batch that nobody has taken, after the pauses before it.
    func next() throws -> Int? {
      try line.withLock { line throws -> Int? in
        guard line.next < data.batchCount else { return nil }
        try control.checkpoint {
          // A lane that failed says so itself.
          try? book.waitUntilFinished(line.next)
          report(line.gate, isPaused: true)
        }
        line.next += 1
        return line.next - 1
      }
    }

    func observe(on executor: Executor) throws {
      var carrier = try StateCarrier(data.states, executor)
      let kernels = FastObservationKernels(instructionSet: instructionSet, pool: executor.pool)
      while let index = try next() {
        let batch = try data.inputBatch(at: index)
        var observation = BatchObservation(batch: index, book: book, kernels: kernels)
        let inputs = try carrier.inputs(
          batch.inputs, startsSequence: data.startsSequence(at: index))
        for name in graphInputs {
          guard let tensor = inputs[name] else { continue }
          try tensor.withUnsafeElements(of: Float.self) { values in
            try observation.observe(name, values, shape: tensor.shape, isChannelsLast: false)
          }
        }
        let outputs = try executor.run(inputs) { value in
          try control.checkCancellation()
          try observation.observe(
            value.name, value.floats, shape: value.shape,
            isChannelsLast: value.layout == .channelsLast)
        }
        carrier.keep(outputs)
        try book.end(index, reached: observation.reached, sampleCount: batch.sampleCount)
        line.withLock { line in
          let isLast = book.finishedCount == data.batchCount
          if line.gate.opens(isFinal: isLast) { report(line.gate, isPaused: false) }
        }
      }
    }

    let failure = Mutex<(any Error)?>(nil)
    ThreadPool(threads: executors.count).parallel(executors.count) { range in
      for lane in range {
        do {
          try observe(on: executors[lane])
        } catch {
          failure.withLock { failure in
            if failure == nil, !(error is LaneStopped) { failure = error }
          }
          book.stop()
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    return book.statistics
  }
}

/// Which batch comes next, and when its progress was last told.
private struct BatchLine {
  var next = 0
  var gate = ProgressGate()
}

/// One batch on its way through the model.
private struct BatchObservation {
  let batch: Int
  let book: EdgeBook
  let kernels: FastObservationKernels
  private(set) var reached: Set<String> = []

  init(batch: Int, book: EdgeBook, kernels: FastObservationKernels) {
    self.batch = batch
    self.book = book
    self.kernels = kernels
  }

  mutating func observe(
    _ edge: String, _ values: UnsafeBufferPointer<Float>, shape: Shape, isChannelsLast: Bool
  ) throws(LaneStopped) {
    guard !values.isEmpty else { return }
    reached.insert(edge)
    let view: BatchView
    if shape.rank < 2 {
      view = BatchView(values)
    } else {
      let channels = shape[1]
      let inner = isChannelsLast ? 1 : values.count / (shape[0] * channels)
      view = BatchView(
        values, outer: values.count / (channels * inner), channels: channels, inner: inner)
    }
    try book.observe(edge, batch: batch, channelAxis: shape.rank < 2 ? nil : 1) { statistics in
      statistics.observe(view, using: kernels)
    }
  }
}
