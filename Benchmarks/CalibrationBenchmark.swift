import Calibration
import Datasets
import Execution
import Workbench

/// What observing costs beside the plain float run of the same batches.
struct CalibrationBenchmark {
  let project: Project
  let dataset: Dataset
  let batches: Int
  let rounds: Int

  func run() throws -> [Finding] {
    let count = min(batches, dataset.batchCount)
    let executor = try project.floatExecutor()
    let calibrator = try Calibrator(
      layers: project.layers, threads: project.options.threads,
      instructionSet: project.options.instructionSet)
    let held = try (0..<count).map { try dataset.inputBatch(at: $0) }
    // Compiles both plans and packs their weights.
    _ = try executor.run(held[0].inputs)
    _ = try calibrator.run([held[0]])

    let read = try pairs(CycledBatches(dataset, count: count), executor, calibrator)
    let inMemory = try pairs(held, executor, calibrator)
    func samples(_ pairs: [Pair], _ value: (Pair) -> Double) -> [Sample] {
      pairs.enumerated().map { Sample(subject: "pair \($0 + 1)", value: value($1)) }
    }
    return [
      Finding(
        "float run, a batch", .milliseconds, samples(read) { $0.plain.elapsed / Double(count) }),
      Finding(
        "calibration, a batch", .milliseconds,
        samples(read) { $0.observed.elapsed / Double(count) }),
      Finding(
        "calibration / float run", .ratio,
        samples(read) { $0.observed.elapsed / $0.plain.elapsed }, limit: 1.5, judging: .median),
      Finding(
        "calibration / float run, processor time", .ratio,
        samples(read) { $0.observed.computed / $0.plain.computed }),
      Finding(
        "calibration / float run, data in memory", .ratio,
        samples(inMemory) { $0.observed.computed / $0.plain.computed }),
    ]
  }

  /// Milliseconds by the clock on the wall and by that of the processor.
  private struct Cost {
    let elapsed, computed: Double

    init(_ body: () throws -> Void) rethrows {
      let before = processorMilliseconds()
      elapsed = try milliseconds(body)
      computed = processorMilliseconds() - before
    }
  }

  private typealias Pair = (plain: Cost, observed: Cost)

  /// Both in turn, each pair in the other order than the one before.
  private func pairs(
    _ data: some BatchSource, _ executor: Executor, _ calibrator: Calibrator
  ) throws -> [Pair] {
    func plain() throws -> Cost {
      try Cost {
        for index in 0..<data.batchCount {
          _ = try executor.run(try data.inputBatch(at: index).inputs)
        }
      }
    }
    func observed() throws -> Cost { try Cost { _ = try calibrator.run(data) } }
    return try (0..<max(rounds, 2)).map { round in
      if round.isMultiple(of: 2) {
        let first = try plain()
        return (first, try observed())
      }
      let first = try observed()
      return (try plain(), first)
    }
  }
}
