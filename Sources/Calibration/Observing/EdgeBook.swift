import Foundation
import Quantization
import Synchronization

/// What all edges have shown so far, while batches are observed side by side.
///
/// Statistics depend on the order of batches, so every edge takes batch after batch: who comes
/// early waits for the batch before, which is a little ahead in the same model.
///
/// `@unchecked`: all that changes is read and written with `condition` locked only.
final class EdgeBook: @unchecked Sendable {
  private let entries: [String: Entry]
  /// Edges that not every batch has to make.
  private let inner: Set<String>
  private let condition = NSCondition()
  private var waiting = 0
  private var isStopped = false
  private var finishedBatches = 0
  private var known: CalibrationStatistics

  private final class Entry {
    /// The batch that comes next.
    var turn = 0
    let record: Mutex<Record>

    init(_ statistics: TensorStatistics?) {
      record = Mutex(Record(statistics: statistics))
    }
  }

  private struct Record {
    var statistics: TensorStatistics?
    var batch = -1
    /// Count and mean before that batch.
    var before: (count: Int, mean: Double) = (0, 0)
  }

  /// - Parameters:
  ///   - earlier: what batches before the first have shown.
  ///   - inner: edges that not every batch has to make.
  init(_ edges: [String], continuing earlier: CalibrationStatistics?, inner: Set<String>) {
    known = earlier ?? CalibrationStatistics()
    let statistics = known.edges
    entries = Dictionary(
      edges.map { ($0, Entry(statistics[$0])) }, uniquingKeysWith: { first, _ in first })
    self.inner = inner
  }

  /// Batches that are observed as a whole, which end in order.
  var finishedCount: Int { locked { finishedBatches } }

  /// Samples of these, and of what was there before.
  var sampleCount: Int { locked { known.sampleCount } }

  /// Lets `body` add the values of `batch` to the statistics of `edge`, in its turn.
  ///
  /// - Parameter axis: the axis of channels, for statistics that begin here.
  func observe(
    _ edge: String, batch: Int, channelAxis axis: Int?, _ body: (inout TensorStatistics) -> Void
  ) throws(LaneStopped) {
    guard let entry = entries[edge] else { return }
    try wait { entry.turn >= batch }
    entry.record.withLock { record in
      if record.batch != batch {
        record.batch = batch
        record.before = record.statistics.map { ($0.elementCount, $0.mean) } ?? (0, 0)
      }
      body(&record.statistics[default: TensorStatistics(channelAxis: axis)])
    }
    changed { entry.turn = batch + 1 }
  }

  /// Ends `batch`, once the one before has ended.
  ///
  /// - Parameter reached: the edges that it made.
  func end(_ batch: Int, reached: Set<String>, sampleCount: Int) throws(LaneStopped) {
    try wait { self.finishedBatches == batch }
    changed {
      finishedBatches = batch + 1
      for entry in entries.values { entry.turn = batch + 1 > entry.turn ? batch + 1 : entry.turn }
      for edge in reached.intersection(inner) { known.reachedBatches[edge, default: 0] += 1 }
      known.batchCount += 1
      known.sampleCount += sampleCount
    }
  }

  func waitUntilFinished(_ batches: Int) throws(LaneStopped) {
    try wait { self.finishedBatches >= batches }
  }

  /// Makes everybody who waits throw: the batch that they wait for will not come.
  func stop() { changed { isStopped = true } }

  /// Everything, when nobody observes any more.
  var statistics: CalibrationStatistics {
    var result = locked { known }
    for (edge, entry) in entries {
      if let statistics = entry.record.withLock({ $0.statistics }) {
        result.edges[edge] = statistics
      }
    }
    return result
  }

  func watch(_ edge: String) -> WatchedEdge? {
    guard let record = entries[edge]?.record.withLock({ $0 }), let known = record.statistics else {
      return nil
    }
    return WatchedEdge(
      edge: edge, statistics: known, batch: Self.lastBatch(of: record, known),
      stableSince: known.batchRanges.stableSince(tolerance: 0.01))
  }

  private static func lastBatch(of record: Record, _ known: TensorStatistics) -> BatchExtent? {
    let count = known.elementCount - record.before.count
    guard count > 0, record.batch >= 0, let point = known.batchRanges.points.last else {
      return nil
    }
    let sum =
      known.mean * Double(known.elementCount) - record.before.mean * Double(record.before.count)
    return BatchExtent(
      minimum: point.minimum, maximum: point.maximum, mean: sum / Double(count))
  }

  private func wait(until isDone: () -> Bool) throws(LaneStopped) {
    condition.lock()
    defer { condition.unlock() }
    waiting += 1
    while !isDone(), !isStopped { condition.wait() }
    waiting -= 1
    if isStopped { throw LaneStopped() }
  }

  private func changed(_ change: () -> Void) {
    locked {
      change()
      if waiting > 0 { condition.broadcast() }
    }
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    condition.lock()
    defer { condition.unlock() }
    return body()
  }
}

/// Another lane failed, and its error is the one to tell.
struct LaneStopped: Error {}

extension Optional {
  fileprivate subscript(default value: @autoclosure () -> Wrapped) -> Wrapped {
    get { self ?? value() }
    set { self = newValue }
  }
}
