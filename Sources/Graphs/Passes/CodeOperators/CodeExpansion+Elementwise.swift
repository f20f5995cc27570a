/// Functions of single elements, and what joins or chooses among them.
extension CodeExpansion {
  /// QLinearAdd, QLinearMul: a, b, c with scale and zero point each.
  mutating func expandBinary(_ node: Node, as name: String) throws(CodeRefusal) {
    let left = try operand(node, 0)
    let right = try operand(node, 3)
    let output = try result(node, scaleAt: 6, like: type(of: left) ?? type(of: right))
    compute(
      node, as: name, [dequantized(left, for: node), dequantized(right, for: node)], into: output)
  }

  /// QLinearSigmoid, QLinearLeakyRelu: x and y with scale and zero point each.
  mutating func expandUnary(_ node: Node, as name: String) throws(CodeRefusal) {
    let input = try operand(node, 0)
    let output = try result(node, scaleAt: 3, like: type(of: input))
    compute(node, as: name, [dequantized(input, for: node)], node.attributes, into: output)
  }

  /// QLinearSoftmax: before opset 13 it runs over all axes from `axis` on.
  mutating func expandSoftmax(_ node: Node) throws(CodeRefusal) {
    let input = try operand(node, 0)
    let output = try result(node, scaleAt: 3, like: type(of: input))
    let axis = node.int("axis") ?? -1
    let real = dequantized(input, for: node)
    guard node.int("opset") ?? 1 < 13, axis != -1 else {
      return compute(node, as: "Softmax", [real], ["axis": .int(axis)], into: output)
    }
    let shape = add("Shape", for: node, [real], output: real + "_shape")
    let flat = add("Flatten", for: node, [real], ["axis": .int(axis)], output: real + "_flat")
    let softmax = claimReal(of: output.codes + "_flat")
    compute(node, as: "Softmax", [flat], ["axis": .int(1)], outputs: [softmax])
    let back = add("Reshape", for: node, [softmax, shape], output: output.codes + "_real")
    quantize(back, to: output, for: node)
  }

  /// QLinearConcat: y's scale and zero point, then every part with its own.
  mutating func expandConcat(_ node: Node) throws(CodeRefusal) {
    guard node.inputs.count > 2, (node.inputs.count - 2) % 3 == 0 else {
      throw CodeRefusal(reason: "\(node.inputs.count) inputs are not two and three per part")
    }
    let parts = try stride(from: 2, to: node.inputs.count, by: 3)
      .map { (index) throws(CodeRefusal) in try operand(node, index) }
    let output = try result(node, scaleAt: 0, like: type(of: parts[0]))
    var reals: [String] = []
    for part in parts { reals.append(dequantized(part, for: node)) }
    compute(node, as: "Concat", reals, node.attributes, into: output)
  }

  /// QLinearWhere: a condition, then x and y with scale and zero point each, then z's.
  mutating func expandWhere(_ node: Node) throws(CodeRefusal) {
    guard let condition = node.input(0) else { throw CodeRefusal(reason: "it has no condition") }
    let first = try operand(node, 1)
    let second = try operand(node, 4)
    let output = try result(node, scaleAt: 7, like: type(of: first) ?? type(of: second))
    compute(
      node, as: "Where",
      [condition, dequantized(first, for: node), dequantized(second, for: node)], into: output)
  }
}
