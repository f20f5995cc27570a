/// Why a model cannot be brought to the opset that conversion needs.
package enum UpgradeError: Error, Equatable, Sendable, CustomStringConvertible {
  case notUpgradable(operatorName: String, node: String, opset: Int64, reason: String)

  package var description: String {
    switch self {
    case .notUpgradable(let operatorName, let node, let opset, let reason):
      "Node \(node) uses \(operatorName) of opset \(opset) \(reason), which opset 13 cannot say. "
        + "Export the model again with opset 13 or later."
    }
  }
}
