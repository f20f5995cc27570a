package import Sessions

/// The Errors tab: what each layer loses, and advice.
package struct ErrorsFeature: Equatable, Sendable {
  package enum SortKey: Int, CaseIterable, Equatable, Sendable {
    case local, accumulated, predicted, weight, sensitivity, model

    package var title: String {
      switch self {
      case .local: "local SQNR"
      case .accumulated: "accumulated SQNR"
      case .predicted: "predicted SQNR"
      case .weight: "weight SQNR"
      case .sensitivity: "output SQNR alone"
      case .model: "model order"
      }
    }
  }

  package enum Focus: Equatable, Sendable { case layers, advice }

  package var report: ErrorTable?
  /// Whether the recipe has changed since `report` was made.
  package var isStale = false
  /// Output SQNR with only that layer quantized, by layer id.
  package var sensitivity: [String: Double] = [:]
  package var sort = SortKey.local
  package var isReversed = false
  package var focus = Focus.layers
  package var cursor = ListCursor()
  package var adviceCursor = ListCursor()

  package init() {}

  /// Worst first, unless reversed.
  package var rows: [ErrorTable.Row] {
    guard let report else { return [] }
    func number(_ row: ErrorTable.Row) -> Double {
      switch sort {
      case .local: row.localDecibels ?? .infinity
      case .accumulated: row.accumulatedDecibels ?? .infinity
      case .predicted: row.predictedDecibels ?? .infinity
      case .weight: row.weightDecibels ?? .infinity
      case .sensitivity: sensitivity[row.id] ?? .infinity
      case .model: 0
      }
    }
    let ordered = report.rows.enumerated().sorted {
      (number($0.element), $0.offset) < (number($1.element), $1.offset)
    }.map(\.element)
    return isReversed ? ordered.reversed() : ordered
  }

  /// The row under the cursor.
  package var selected: ErrorTable.Row? {
    let rows = rows
    return rows.indices.contains(cursor.selected) ? rows[cursor.selected] : nil
  }
}
