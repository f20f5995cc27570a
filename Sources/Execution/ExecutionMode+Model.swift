package import Graphs

extension ExecutionMode {
  /// The arithmetic that a model asks for: integers where it holds codes.
  /// - Parameter simulates: whether codes are to be formed and left again in float.
  package init(for model: Model, simulates: Bool = false) {
    let holdsCodes = model.graph.nodes.contains { Self.makers.contains($0.operatorName.name) }
    self = !holdsCodes ? .float : simulates ? .simulated : .integer
  }

  /// Operators that make or read codes.
  private static let makers: Set<String> = [
    "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger",
    "DynamicQuantizeLSTM",
  ]
}
