package import Sessions

/// The Benchmark tab: float against int8, layer by layer, on this host.
package struct BenchmarkFeature: Equatable, Sendable {
  package enum SortKey: Int, CaseIterable, Equatable, Sendable {
    case int8Time, floatTime, speedUp, error, model

    package var title: String {
      switch self {
      case .int8Time: "int8 time"
      case .floatTime: "fp32 time"
      case .speedUp: "speed-up"
      case .error: "local SQNR"
      case .model: "model order"
      }
    }
  }

  package var report: BenchmarkTable?
  package var isStale = false
  package var runs = 30
  package var sort = SortKey.int8Time
  package var isReversed = false
  package var cursor = ListCursor()

  package init() {}

  /// Rows in the chosen order; `errors` gives the local SQNR by layer.
  package func rows(errors: [String: Double]) -> [BenchmarkTable.Row] {
    guard let report else { return [] }
    func number(_ row: BenchmarkTable.Row) -> Double {
      switch sort {
      case .int8Time: -(row.int8Microseconds ?? 0)
      case .floatTime: -(row.floatMicroseconds ?? 0)
      case .speedUp: row.speedUp ?? .infinity
      case .error: errors[row.id] ?? .infinity
      case .model: 0
      }
    }
    let ordered = report.rows.enumerated().sorted {
      (number($0.element), $0.offset) < (number($1.element), $1.offset)
    }.map(\.element)
    return isReversed ? ordered.reversed() : ordered
  }
}
