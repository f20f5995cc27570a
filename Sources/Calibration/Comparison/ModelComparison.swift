import Datasets
package import Execution
package import Graphs
package import Kernels
package import Quantization
import Tensors

/// Runs two models over the same data and compares outputs and every value both have.
package struct ModelComparison {
  private let first: Executor
  private let second: Executor
  private let pairs: [(first: String, second: String)]
  private let instructionSet: InstructionSet
  private let pool: ThreadPool
  private let metrics: MetricProfile

  /// - Parameters:
  ///   - secondMode: `.integer` compares what int8 kernels give, `.simulated` what the rounding alone
  ///     does.
  ///   - metrics: whose definition of SQNR is reported.
  package init(
    _ first: Model, mode firstMode: ExecutionMode = .integer,
    _ second: Model, mode secondMode: ExecutionMode = .integer,
    threads: Int = 1, instructionSet: InstructionSet = .best,
    dynamicQuantization: DynamicQuantization = .onnx, metrics: MetricProfile = .torch
  ) throws {
    self.metrics = metrics
    func executor(_ model: Model, _ mode: ExecutionMode, _ kept: Set<String>) throws -> Executor {
      try Executor(
        model: model,
        options: ExecutionOptions(
          mode: mode, instructionSet: instructionSet, threads: threads, kept: kept,
          dynamicQuantization: dynamicQuantization))
    }
    self.instructionSet = instructionSet
    pool = ThreadPool(threads: max(threads, 1))
    // Preparation renames and folds, so shared names are looked for behind it.
    let firstGraph = try executor(first, firstMode, []).model.graph
    let secondGraph = try executor(second, secondMode, []).model.graph
    pairs = SharedValues(firstGraph, secondGraph).pairs
    self.first = try executor(first, firstMode, Set(pairs.map(\.first)))
    self.second = try executor(second, secondMode, Set(pairs.map(\.second)))
    let missing = Set(firstGraph.outputs.map(\.name)).isDisjoint(
      with: secondGraph.outputs.map(\.name))
    if missing {
      throw CalibrationError.mismatch(
        "The models share no output: one has \(Self.names(firstGraph)), the other "
          + "\(Self.names(secondGraph)).")
    }
  }

  package func run(
    _ data: some BatchSource, control: JobControl = JobControl(),
    progress: (JobProgress) -> Void = { _ in }
  ) throws -> ComparisonReport {
    guard data.batchCount > 0 else { throw CalibrationError.noData }
    let counterparts = Dictionary(
      pairs.map { ($0.second, $0.first) }, uniquingKeysWith: { a, _ in a })
    var tally = ErrorTally(instructionSet: instructionSet, pool: pool, metrics: metrics)
    var held: [String: HeldValue] = [:]
    var outputs: [String: PairedOutput] = [:]
    var samples = 0
    var gate = ProgressGate()
    var carriers = (
      first: try StateCarrier(data.states, first), second: try StateCarrier(data.states, second)
    )
    for index in 0..<data.batchCount {
      try control.checkpoint()
      let batch = try data.inputBatch(at: index)
      let isStart = data.startsSequence(at: index)
      let reference = try first.run(
        carriers.first.inputs(batch.inputs, startsSequence: isStart)
      ) { value in
        try control.checkCancellation()
        if !value.floats.isEmpty { held[value.name, default: HeldValue()].hold(value) }
      }
      let test = try second.run(
        carriers.second.inputs(batch.inputs, startsSequence: isStart)
      ) { value in
        try control.checkCancellation()
        guard let name = counterparts[value.name], !value.floats.isEmpty else { return }
        held[name]?.paired(with: value) { tally.add(name, reference: $0, test: $1) }
      }
      carriers.first.keep(reference)
      carriers.second.keep(test)
      for (name, real) in reference {
        guard let other = test[name] else { continue }
        outputs[name, default: PairedOutput()].add(real, other, labels: batch.labels)
      }
      samples += batch.sampleCount
      if gate.opens(isFinal: index + 1 == data.batchCount) {
        progress(
          JobProgress(
            done: index + 1, total: data.batchCount, elapsed: gate.elapsed, label: "compare"))
      }
    }
    return ComparisonReport(
      values: pairs.compactMap { pair in
        tally[pair.first].map { .init(name: pair.first, counterpart: pair.second, error: $0) }
      },
      outputs: first.outputs.compactMap { outputs[$0.name]?.result(for: $0.name, metrics) },
      sampleCount: samples)
  }

  private static func names(_ graph: Graph) -> String {
    graph.outputs.map { "'\($0.name)'" }.joined(separator: ", ")
  }
}

/// One output of two models.
private struct PairedOutput {
  private var sums = Quantization.ErrorSums()
  private var samples = 0
  private var same = 0
  private var labelled = 0
  private var hits = (first: 0, second: 0)

  mutating func add(_ first: Tensor, _ second: Tensor, labels: [Int64]?) {
    guard first.elementType == .float32, second.elementType == .float32,
      first.shape == second.shape
    else { return }
    first.withUnsafeElements(of: Float.self) { a in
      second.withUnsafeElements(of: Float.self) { sums.add(reference: a, test: $0) }
    }
    guard let a = first.topClasses, let b = second.topClasses else { return }
    samples += a.count
    same += zip(a, b).filter(==).count
    guard let labels, labels.count == a.count else { return }
    labelled += labels.count
    hits.first += zip(a, labels).filter { Int64($0) == $1 }.count
    hits.second += zip(b, labels).filter { Int64($0) == $1 }.count
  }

  func result(
    for output: String, _ metrics: MetricProfile
  ) -> ComparisonReport.OutputComparison {
    func share(_ count: Int, of total: Int) -> Double? {
      total > 0 ? Double(count) / Double(total) : nil
    }
    return ComparisonReport.OutputComparison(
      output: output, error: ErrorSummary(sums, metrics), agreement: share(same, of: samples),
      firstAccuracy: share(hits.first, of: labelled),
      secondAccuracy: share(hits.second, of: labelled))
  }
}
