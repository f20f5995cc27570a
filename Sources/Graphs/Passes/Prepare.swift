internal import OrderedCollections
package import Tensors

/// Computes a node whose inputs are all constant; `nil` for an operator it does not know. An input
/// that the model left out is `nil`.
package typealias ConstantEvaluator = (Node, [Tensor?]) throws -> [Tensor]?

/// The normalised float model that plans and conversion start from.
package struct PreparedModel: Sendable {
  package var model: Model
  package var report: PreparationReport

  package init(model: Model, report: PreparationReport) {
    self.model = model
    self.report = report
  }
}

extension Model {
  /// The model at opset 13 or later, with fused operators spelled out, constants folded and every
  /// affine chain taken into the operator before it.
  ///
  /// Nodes that remain keep their ids and names. Where a chain folds, its first node remains and
  /// makes the value of its last. The model's own functions are spelled out. No input of the prepared graph is also an initializer.
  /// Graphs inside nodes are prepared the same way, hold their constants themselves, and share no
  /// name and no node id with any other.
  ///
  /// - Parameter keepsNormalizations: whether batch normalizations stay nodes, to be trained.
  package func prepared(
    evaluate: ConstantEvaluator? = nil, keepsNormalizations: Bool = false
  ) throws(UpgradeError) -> PreparedModel {
    var model = self
    try model.inlineFunctions()
    model = try model.upgraded(toAtLeast: 13)
    var report = PreparationReport()
    model.graph.spellOutFusedOperators(opset: model.opset)
    model.graph.inputs = model.graph.requiredInputs
    model.graph.separateSubgraphs()
    model.graph.prepare(
      evaluate: evaluate, keepsNormalizations: keepsNormalizations, recording: &report)
    return PreparedModel(model: model, report: report)
  }
}

extension Graph {
  fileprivate mutating func prepare(
    evaluate: ConstantEvaluator?, keepsNormalizations: Bool,
    recording report: inout PreparationReport
  ) {
    convertConstantsToInitializers()
    removeIdentities(recording: &report)
    foldConstants(evaluate: evaluate, recording: &report)
    while inlineConstantBranches(recording: &report) {
      convertConstantsToInitializers()
      foldConstants(evaluate: evaluate, recording: &report)
    }
    // Constants that folding made can show more nodes to do nothing.
    removeIdentities(recording: &report)
    mergePadsIntoConvolutions(recording: &report)
    var before = -1
    while report.foldings.count > before {
      before = report.foldings.count
      if !keepsNormalizations { foldBatchNormalizations(recording: &report) }
      foldAffineChains(recording: &report)
    }
    eliminateDeadNodes(recording: &report)
    moveConstantsIntoSubgraphs()
    mapSubgraphs {
      $0.prepare(
        evaluate: evaluate, keepsNormalizations: keepsNormalizations, recording: &report)
    }
    eliminateUnusedInitializers()
  }
}
