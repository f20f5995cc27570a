package import Graphs
package import Tensors

/// What one step of a plan does.
package struct PlanStep: Sendable {
  package let index: Int
  /// The name of its main node, or of its output where the node has none.
  package let name: String
  /// `Conv`, `Conv+Add+Relu`, `QuantizeLinear`, `Layout` …
  package let operatorName: String
  /// Nodes of `Executor.model` that it computes; empty for a change of layout or form.
  package let nodes: [Node.ID]
  package let output: String
  package let outputShape: Shape
  /// The kernel that runs, with its instruction set.
  package let kernel: String
  package let multiplyAccumulates: Int
  /// Bytes read and written, weights included.
  package let bytesMoved: Int
  /// Whether it computes on codes.
  package let isInteger: Bool
  /// Products that are added in 16 bits before a sum widens, on average; `nil` where sums have 32
  /// bits or more at once.
  package let safeRun: Double?

  func renumbered(_ index: Int) -> PlanStep {
    PlanStep(
      index: index, name: name, operatorName: operatorName, nodes: nodes, output: output,
      outputShape: outputShape, kernel: kernel, multiplyAccumulates: multiplyAccumulates,
      bytesMoved: bytesMoved, isInteger: isInteger, safeRun: safeRun)
  }
}

/// A model compiled for fixed input shapes, as people see it.
package struct Plan: Sendable {
  package let steps: [PlanStep]
  /// Working memory that all steps share.
  package let arenaByteCount: Int
  package let packedWeightByteCount: Int

  package var multiplyAccumulates: Int { steps.reduce(0) { $0 + $1.multiplyAccumulates } }
}
