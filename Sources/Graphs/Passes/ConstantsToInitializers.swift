internal import OrderedCollections
package import Tensors

extension Node {
  /// What a `Constant` node makes; `nil` for other operators and for sparse constants.
  package var constantValue: Tensor? {
    guard self.is("Constant") else { return nil }
    if let tensor = tensor("value") { return tensor }
    if let value = float("value_float") { return .scalar(value) }
    if let value = int("value_int") { return .scalar(value) }
    if let values = ints("value_ints") { return Tensor(values) }
    switch (attributes["value_floats"], attributes["value_string"], attributes["value_strings"]) {
    case (.floats(let values)?, _, _): return Tensor(values)
    case (_, .string(let value)?, _): return Tensor(strings: [value], shape: .scalar)
    case (_, _, .strings(let values)?): return Tensor(strings: values, shape: [values.count])
    default: return nil
    }
  }
}

extension Graph {
  /// Stores the results of `Constant` nodes as initializers of the same name.
  ///
  /// A constant that is itself an output of the graph stays a node.
  package mutating func convertConstantsToInitializers() {
    let results = Set(outputs.map(\.name))
    var kept: [Node] = []
    for node in nodes {
      guard let output = node.outputs.first, !results.contains(output),
        let value = node.constantValue
      else {
        kept.append(node)
        continue
      }
      initializers[output] = Initializer(value, documentation: node.documentation)
    }
    if kept.count < nodes.count { replaceNodes(with: kept) }
  }
}
