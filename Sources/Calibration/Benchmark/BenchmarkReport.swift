/// How long one model takes, and where.
package struct BenchmarkResult: Codable, Sendable, Equatable {
  package var model: String
  package var mode: String
  package var instructionSet: String
  package var threads: Int
  package var runs: Int
  package var medianMilliseconds: Double
  package var minimumMilliseconds: Double
  package var percentile90Milliseconds: Double
  package var percentile99Milliseconds: Double
  /// Every run, in order.
  package var totals: [Double]
  package var macs: Int
  package var arenaByteCount: Int
  package var packedWeightByteCount: Int
  /// Steps of the plan, or layers where the model was taken apart.
  package var layers: [LayerTiming]
  package var saturation: [SaturationFinding]
}

/// The time of one layer or step.
package struct LayerTiming: Codable, Sendable, Equatable {
  package var name: String
  /// `Conv+Relu`, `QuantizeLinear`.
  package var `operator`: String
  package var kernel: String
  package var medianMicroseconds: Double
  package var minimumMicroseconds: Double
  package var macs: Int
  package var isInteger: Bool
  /// Read and written, weights included.
  package var bytesMoved: Int
  /// Of the main step's output.
  package var outputShape: [Int]
  /// Products that are added in 16 bits before a sum widens, on average; `nil` where sums have 32.
  package var safeRun: Double?

  /// Billions of multiply-accumulates a second.
  package var throughput: Double {
    medianMicroseconds > 0 ? Double(macs) / medianMicroseconds * 1e-3 : 0
  }
}

/// Several models measured in turn.
package struct BenchmarkReport: Codable, Sendable, Equatable {
  package var results: [BenchmarkResult]

  /// Median time of the first over that of another, taken pair by pair; above 1 the other is faster.
  package func speedUp(of index: Int) -> Double {
    let ratios = zip(results[0].totals, results[index].totals).map { $0 / $1 }
    return ratios.isEmpty ? 1 : Quantiles(ratios).median
  }
}

/// Order statistics of some numbers.
package struct Quantiles: Sendable {
  private let sorted: [Double]

  /// - Precondition: `values` is not empty.
  package init(_ values: [Double]) {
    precondition(!values.isEmpty, "no values")
    sorted = values.sorted()
  }

  package var minimum: Double { sorted[0] }

  package var median: Double {
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The least value that is not below `share` of all, 0...1.
  package func at(_ share: Double) -> Double {
    sorted[min(max(Int((share * Double(sorted.count)).rounded(.up)) - 1, 0), sorted.count - 1)]
  }
}
