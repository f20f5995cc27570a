package import Quantization

/// What a calibration saw, edge by edge. Its size depends on the model alone.
package struct CalibrationStatistics: Codable, Sendable, Equatable {
  /// By edge name.
  package var edges: [String: TensorStatistics]
  package var batchCount: Int
  package var sampleCount: Int
  /// Of edges inside of branches and bodies: in how many batches the data had them made.
  package var reachedBatches: [String: Int]

  package init(
    edges: [String: TensorStatistics] = [:], batchCount: Int = 0, sampleCount: Int = 0,
    reachedBatches: [String: Int] = [:]
  ) {
    self.edges = edges
    self.batchCount = batchCount
    self.sampleCount = sampleCount
    self.reachedBatches = reachedBatches
  }

  /// Edges of which at least one value was seen.
  package var observedEdges: Set<String> {
    Set(edges.filter { $0.value.isObserved }.keys)
  }

  /// Adds what another part of the data gave, as if its batches had come after these.
  package mutating func merge(_ other: CalibrationStatistics) {
    for (edge, statistics) in other.edges {
      edges[edge, default: statistics.empty].merge(statistics)
    }
    reachedBatches.merge(other.reachedBatches, uniquingKeysWith: +)
    batchCount += other.batchCount
    sampleCount += other.sampleCount
  }

  /// Edges with values that are not numbers or infinite, worst first.
  package var nonFiniteEdges: [(edge: String, count: Int)] {
    edges.map { (edge: $0.key, count: $0.value.leftOutCount) }
      .filter { $0.count > 0 }
      .sorted { ($1.count, $0.edge) < ($0.count, $1.edge) }
  }
}

extension TensorStatistics {
  /// Values that are infinite or not a number: counted, and left out of everything else.
  package var leftOutCount: Int { nanCount + positiveInfinityCount + negativeInfinityCount }

  /// Statistics of the same kind of tensor before the first batch.
  fileprivate var empty: TensorStatistics { TensorStatistics(channelAxis: channels?.axis) }
}
