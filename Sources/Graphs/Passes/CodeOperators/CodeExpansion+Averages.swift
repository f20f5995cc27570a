internal import Tensors

/// Averages: x and y with scale and zero point each.
extension CodeExpansion {
  mutating func expandAveragePool(_ node: Node) throws(CodeRefusal) {
    let rank = node.ints("kernel_shape").map { $0.count + 2 }
    try expandPool(node, as: "AveragePool", rank: rank)
  }

  mutating func expandGlobalAveragePool(_ node: Node) throws(CodeRefusal) {
    try expandPool(node, as: "GlobalAveragePool", rank: node.input(0).flatMap { rank(of: $0) })
  }

  /// - Parameter rank: of the input, which only a pool over channels that come last needs.
  private mutating func expandPool(
    _ node: Node, as name: String, rank: Int?
  ) throws(CodeRefusal) {
    let input = try operand(node, 0)
    let output = try result(node, scaleAt: 3, like: type(of: input))
    var attributes = node.attributes
    attributes["channels_last"] = nil
    try compute(
      node, as: name, [dequantized(input, for: node)], attributes, into: output,
      channelsLast: node.int("channels_last") ?? 0 != 0, rank: rank)
  }

  mutating func expandReduceMean(_ node: Node) throws(CodeRefusal) {
    let input = try operand(node, 0)
    let output = try result(node, scaleAt: 3, like: type(of: input))
    var inputs = [dequantized(input, for: node)]
    var attributes = node.attributes
    if opset >= 18, let axes = node.ints("axes") {
      attributes["axes"] = nil
      inputs.append(addConstant(output.codes + "_axes", Tensor(axes)))
    }
    compute(node, as: "ReduceMean", inputs, attributes, into: output)
  }
}
