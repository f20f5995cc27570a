package import Graphs

/// Which products a runtime leaves to kernels that saturate.
package struct SaturatingKernels: Sendable {
  /// Products with int8 activations, which become uint8 for that.
  package var signed: Bool
  package var depthwise: Bool

  package init(signed: Bool, depthwise: Bool) {
    self.signed = signed
    self.depthwise = depthwise
  }
}

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
