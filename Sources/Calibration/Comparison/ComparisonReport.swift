/// How far one model's values are from another's on the same data.
package struct ComparisonReport: Codable, Sendable, Equatable {
  package struct Value: Codable, Sendable, Equatable {
    /// In the first model.
    package let name: String
    /// In the second.
    package let counterpart: String
    package let error: ErrorSummary
  }

  /// Values inside both models, in the first one's order.
  package var values: [Value]
  package var outputs: [OutputComparison]
  package var sampleCount: Int

  package struct OutputComparison: Codable, Sendable, Equatable {
    package let output: String
    package let error: ErrorSummary
    /// Share of samples with the same highest class; `nil` when it ranks none.
    package let agreement: Double?
    /// Shares of samples whose highest class is the label, where labels exist.
    package let firstAccuracy: Double?
    package let secondAccuracy: Double?
  }
}
