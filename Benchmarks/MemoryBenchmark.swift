import Calibration
import Datasets
import Synchronization
import Workbench

/// What a calibration holds in memory after few and after many batches.
struct MemoryBenchmark {
  let project: Project
  let dataset: Dataset
  private let few = 10
  private let several = 250
  private let many = 500

  /// Run this first: memory that earlier work gave back would hide growth.
  func run() throws -> [Finding] {
    let calibrator = try Calibrator(
      layers: project.layers, threads: project.options.threads,
      instructionSet: project.options.instructionSet)
    let batches = CycledBatches(dataset, count: many, probingAt: [few, several])
    let statistics = try calibrator.run(batches)
    var resident = batches.residentByteCounts
    resident[many] = withExtendedLifetime(statistics) { ResidentMemory.byteCount }
    let known = resident.sorted { $0.key < $1.key }
    let growth = Double(known[known.count - 1].value) / Double(max(known[0].value, 1))
    return known.map { count, bytes in
      Finding(
        "resident after \(count) batches", .megabytes,
        [Sample(subject: "", value: Double(bytes) / 1e6)])
    } + [
      Finding(
        "resident after \(many) / after \(few)", .ratio, [Sample(subject: "", value: growth)],
        limit: 1.05)
    ]
  }
}

/// A dataset read over and over until there are enough batches.
final class CycledBatches: BatchSource {
  let batchCount: Int
  private let dataset: Dataset
  private let probes: Set<Int>
  private let found = Mutex<[Int: Int]>([:])

  /// - Parameter probes: after how many batches to look at the memory.
  init(_ dataset: Dataset, count: Int, probingAt probes: Set<Int> = []) {
    self.dataset = dataset
    batchCount = count
    self.probes = probes
  }

  var residentByteCounts: [Int: Int] { found.withLock { $0 } }

  func inputBatch(at index: Int) throws -> InputBatch {
    if probes.contains(index) {
      let resident = ResidentMemory.byteCount
      found.withLock { $0[index] = resident }
    }
    return try dataset.inputBatch(at: index % dataset.batchCount)
  }
}
