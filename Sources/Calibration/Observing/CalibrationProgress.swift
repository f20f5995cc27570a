package import Quantization

/// How far a calibration is, for a screen or a status line.
package struct CalibrationProgress: Sendable {
  package let batchesDone: Int
  package let batchesTotal: Int
  package let samples: Int
  package let elapsed: Duration
  package let isPaused: Bool
  package let residentByteCount: Int
  /// The edges asked for, in the order of the model.
  package let watched: [WatchedEdge]

  package var batchesPerSecond: Double {
    let seconds = elapsed.seconds
    return seconds > 0 ? Double(batchesDone) / seconds : 0
  }

  /// Time to go at the pace so far; `nil` before the first batch.
  package var remaining: Duration? {
    batchesDone > 0 ? elapsed * (batchesTotal - batchesDone) / batchesDone : nil
  }
}

/// One edge while a calibration runs.
package struct WatchedEdge: Sendable {
  package let edge: String
  /// Everything so far.
  package let statistics: TensorStatistics
  /// The last batch alone; `nil` when it had no finite value.
  package let batch: BatchExtent?
  /// The batch after which the range grew by no more than 1 %.
  package let stableSince: Int?

  package init(
    edge: String, statistics: TensorStatistics, batch: BatchExtent? = nil, stableSince: Int? = nil
  ) {
    self.edge = edge
    self.statistics = statistics
    self.batch = batch
    self.stableSince = stableSince
  }
}

/// Range and mean of one batch.
package struct BatchExtent: Sendable, Equatable {
  package let minimum: Float
  package let maximum: Float
  package let mean: Double
}
