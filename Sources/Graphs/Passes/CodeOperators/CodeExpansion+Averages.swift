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
    let isChannelsLast = node.int("channels_last") ?? 0 != 0
    var attributes = node.attributes
    attributes["channels_last"] = nil
    let real = dequantized(input, for: node)
    guard isChannelsLast else {
      return compute(node, as: name, [real], attributes, into: output)
    }
    guard let rank, rank > 2 else {
      throw CodeRefusal(reason: "channels come last of a number of axes that is not known")
    }
    let spatial = (1..<Int64(rank - 1)).map { $0 }
    let first = add(
      "Transpose", for: node, [real], ["perm": .ints([0, Int64(rank - 1)] + spatial)],
      output: real + "_nchw")
    let pooled = claimReal(of: output.codes + "_nchw")
    compute(node, as: name, [first], attributes, outputs: [pooled])
    let last = add(
      "Transpose", for: node, [pooled], ["perm": .ints([0] + spatial.map { $0 + 1 } + [1])],
      output: output.codes + "_real")
    quantize(last, to: output, for: node)
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
