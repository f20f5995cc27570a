/// What preparation did to a model, node by node, so that a person can find every operator of the
/// file again.
package struct PreparationReport: Sendable, Equatable {
  package enum Reason: Sendable, Equatable {
    /// Computed once, because all its inputs are constant.
    case constant
    /// Passes its input on unchanged.
    case identity
    /// A zero border that the convolution adds itself.
    case padding
    case batchNormalization
    /// A multiplication or addition with constants, taken into weights and bias.
    case affine
    /// Nothing uses its result.
    case unused
  }

  /// A node of the source graph that the prepared graph does not have.
  package struct Folding: Sendable, Equatable {
    package var node: Node.ID
    package var nodeName: String
    package var operatorName: OperatorName
    package var reason: Reason
    /// The node that now does its work, unless none has to.
    package var into: Node.ID?
    /// The value it made.
    package var value: String
  }

  /// In the order in which they happened.
  package private(set) var foldings: [Folding] = []
  /// What could not be done, and what a person should know, in sentences.
  package var notes: [String] = []

  package init() {}

  package mutating func record(_ node: Node, _ reason: Reason, into target: Node.ID? = nil) {
    foldings.append(
      Folding(
        node: node.id, nodeName: node.name, operatorName: node.operatorName, reason: reason,
        into: target, value: node.outputs.first { !$0.isEmpty } ?? ""))
  }

  /// What the node `id` of the prepared graph does besides its own work, also by way of nodes that
  /// were first folded into another.
  package func sources(of id: Node.ID) -> [Folding] {
    var reached: Set<Node.ID> = [id]
    var found: [Folding] = []
    for folding in foldings.reversed() {
      guard let target = folding.into, reached.contains(target) else { continue }
      reached.insert(folding.node)
      found.append(folding)
    }
    return found.reversed()
  }
}
