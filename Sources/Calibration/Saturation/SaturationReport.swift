/// What kernels that saturate would have done to one layer.
package struct SaturationFinding: Codable, Sendable, Equatable {
  package var name: String
  /// Sums of two products.
  package var pairs: Int
  /// Of these, how many do not fit 16 bits.
  package var saturated: Int
  /// Output of such a kernel against the exact one; `nil` when nothing saturates.
  package var decibels: Double?
}

/// What a runtime whose kernels saturate would make of a quantized model.
package struct SaturationReport: Codable, Sendable, Equatable {
  /// Every layer that such kernels would run, in model order.
  package var layers: [SaturationFinding]
  package var outputs: [Output]
  package var sampleCount: Int

  /// One output of the model against the float model's.
  package struct Output: Codable, Sendable, Equatable {
    package var output: String
    /// On kernels that do not saturate.
    package var exact: ErrorSummary
    package var saturating: ErrorSummary
  }

  package var pairs: Int { layers.reduce(0) { $0 + $1.pairs } }
  package var saturated: Int { layers.reduce(0) { $0 + $1.saturated } }
}
