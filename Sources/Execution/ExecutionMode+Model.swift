package import Graphs

extension ExecutionMode {
  /// The arithmetic that a model asks for: integers where it holds codes.
  /// - Parameter simulates: whether codes are to be formed and left again in float.
  package init(for model: Model, simulates: Bool = false) {
    self = !model.graph.computesOnCodes ? .float : simulates ? .simulated : .integer
  }
}
