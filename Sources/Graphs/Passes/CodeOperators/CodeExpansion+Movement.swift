internal import Tensors

/// Standard operators that move codes, or keep their order, between operators on codes.
extension CodeExpansion {
  private static let moving: Set<String> = [
    "MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Split",
    "Identity", "Expand", "Tile", "Gather", "Resize", "Concat", "Pad", "Relu", "Clip",
    "DepthToSpace", "SpaceToDepth",
  ]

  /// NhwcMaxPool: a MaxPool of codes whose channels come last.
  mutating func expandPoolOfCodes(_ node: Node) throws(CodeRefusal) {
    guard let input = node.input(0), let output = node.outputs.first,
      var operand = meaning(of: input) ?? plainCodes(input, of: "MaxPool")
    else { throw CodeRefusal(reason: "the type of its codes cannot be told") }
    operand.codes = input
    var result = operand
    result.codes = output
    if result.zeroPoint.isEmpty {
      result.zeroPoint = addConstant(output + "_zero_point", Tensor(.uint8, shape: .scalar))
    }
    try compute(
      node, as: "MaxPool", [dequantized(operand, for: node)], node.attributes, into: result,
      channelsLast: true, rank: node.ints("kernel_shape").map { $0.count + 2 })
  }

  /// Where an operator's input is known to be codes, its outputs are codes of the same meaning.
  mutating func expandMovement(_ node: Node) throws(CodeRefusal) -> Bool {
    let name = node.operatorName.name
    // Where maxima come from are no codes.
    guard Self.moving.contains(name), let first = node.input(0),
      name != "MaxPool" || node.outputs.dropFirst().allSatisfy(\.isEmpty),
      var operand = meaning(of: first) ?? plainCodes(first, of: name)
    else { return false }
    operand.codes = first
    let moved = name == "Concat" ? node.inputs.count : 1
    for input in node.inputs.prefix(moved) {
      // Parts with other scales are joined as the bytes they are.
      guard let other = meaning(of: input) ?? plainCodes(input, of: name),
        constant(other.scale) == constant(operand.scale),
        constant(other.zeroPoint) == constant(operand.zeroPoint)
      else { return false }
    }
    if operand.zeroPoint.isEmpty {
      guard let type = type(of: operand) else { return false }
      operand.zeroPoint = addConstant(first + "_zero_point", Tensor(type, shape: .scalar))
    }
    guard let map = map(of: operand) else { return false }

    var inputs = node.inputs
    for index in 0..<moved {
      var part = operand
      part.codes = inputs[index]
      inputs[index] = dequantized(part, for: node)
    }
    var target = name
    switch name {
    case "Pad" where node.string("mode") ?? "constant" == "constant":
      // The value that fills is a code, zero when it is left out.
      guard let fill = map.real(of: node.input(2), among: self) else { return false }
      while inputs.count < 3 { inputs.append("") }
      inputs[2] = addConstant(node.outputs[0] + "_fill", .scalar(fill))
    case "Relu":
      target = "Clip"
      inputs.append(addConstant(node.outputs[0] + "_low", .scalar(map.real(0))))
    case "Clip":
      for index in 1..<3 where node.input(index) != nil {
        guard let limit = map.real(of: node.input(index), among: self) else { return false }
        inputs[index] = addConstant(node.outputs[0] + "_limit", .scalar(limit))
      }
    default: break
    }
    var reals: [String] = []
    for output in node.outputs { reals.append(output.isEmpty ? "" : claimReal(of: output)) }
    compute(node, as: target, inputs, node.attributes, outputs: reals)
    for (real, output) in zip(reals, node.outputs) where !output.isEmpty {
      var codes = operand
      codes.codes = output
      quantize(real, to: codes, for: node)
    }
    return true
  }

  /// Bytes of unknown meaning, for the operator whose int8 kernel is much faster than a plain one:
  /// every byte is exact as a real number.
  private mutating func plainCodes(_ value: String, of name: String) -> CodeOperand? {
    guard name == "MaxPool", let type = type(of: value), [.uint8, .int8].contains(type) else {
      return nil
    }
    return CodeOperand(
      codes: value, scale: addConstant(value + "_scale", .scalar(Float(1))),
      zeroPoint: addConstant(value + "_zero_point", Tensor(type, shape: .scalar)))
  }

  private func map(of operand: CodeOperand) -> CodeMap? {
    guard let scale = constant(operand.scale), scale.elementType == .float32,
      scale.elementCount == 1, let zeroPoint = constant(operand.zeroPoint)?.codes?.first,
      (-32_768...65_535).contains(zeroPoint)
    else { return nil }
    return CodeMap(scale: scale.floats[0], zeroPoint: zeroPoint)
  }
}

/// From codes to real values.
private struct CodeMap {
  let scale: Float
  let zeroPoint: Int32

  func real(_ code: Int32) -> Float { Float(Int64(code) - Int64(zeroPoint)) * scale }

  /// The real value of a constant code; zero stands for one that is left out.
  func real(of name: String?, among expansion: CodeExpansion) -> Float? {
    guard let name else { return real(0) }
    return expansion.constant(name)?.codes?.first.map { real($0) }
  }
}
