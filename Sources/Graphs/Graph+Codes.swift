extension Graph {
  /// Whether an operator makes codes, reads them, or computes on them: whether the model is
  /// quantized already, in any way.
  package var computesOnCodes: Bool {
    everyGraph.contains { $0.nodes.contains { $0.computesOnCodes } }
  }
}

extension Node {
  /// Whether the operator's operands or results are codes of real values.
  package var computesOnCodes: Bool {
    let name = operatorName.name
    switch operatorName.domain {
    case "", "com.microsoft":
      return isOnCodes
        || [
          "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger",
          "ConvInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM",
        ].contains(name)
    default: return false
    }
  }

  /// Whether the operator takes codes with their scales and zero points and gives such codes.
  package var isOnCodes: Bool {
    let name = operatorName.name
    return operatorName.domain.isEmpty
      ? name == "QLinearConv" || name == "QLinearMatMul"
      : operatorName.domain == "com.microsoft"
        && (name.hasPrefix("QLinear") || ["QGemm", "NhwcMaxPool"].contains(name))
  }
}
