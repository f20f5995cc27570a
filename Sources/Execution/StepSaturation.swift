package import Graphs

/// What a kernel without guard against the saturation of `vpmaddubsw` would have done to one step.
package struct StepSaturation: Sendable {
  package let step: String
  package let nodes: [Node.ID]
  /// Sums of two products that such a kernel forms.
  package let pairs: Int
  package let saturated: Int
  /// Decibels of its real output against the exact one; infinite when both are the same.
  package let sqnr: Double
}
