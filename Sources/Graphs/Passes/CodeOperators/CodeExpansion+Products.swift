internal import Tensors

/// Convolutions and matrix products: weights with a scale for each output channel, a bias in units
/// of the products.
extension CodeExpansion {
  /// QLinearConv: x, w, y with scale and zero point each, then an int32 bias.
  ///
  /// ONNX Runtime's own form may have channels last in x and y; w stays as it is.
  mutating func expandConvolution(_ node: Node) throws(CodeRefusal) {
    let input = try operand(node, 0)
    let weights = try channelOperand(node, 3)
    let output = try result(node, scaleAt: 6, like: type(of: input))
    var inputs = [
      dequantized(input, for: node), dequantized(weights, for: node, ["axis": .int(0)]),
    ]
    if let bias = node.input(8) {
      inputs.append(
        try dequantizedBias(bias, for: node, units: [input.scale, weights.scale]))
    }
    var attributes = node.attributes
    attributes["channels_last"] = nil
    try compute(
      node, as: "Conv", inputs, attributes, into: output,
      channelsLast: node.int("channels_last") ?? 0 != 0, rank: rank(of: weights.codes))
  }

  /// QLinearMatMul: a, b, y with scale and zero point each; b may have a scale for each column.
  mutating func expandMatMul(_ node: Node) throws(CodeRefusal) {
    let left = try operand(node, 0)
    let right = try channelOperand(node, 3)
    let output = try result(node, scaleAt: 6, like: type(of: left))
    let inputs = [dequantized(left, for: node), try dequantizedColumns(right, for: node)]
    compute(node, as: "MatMul", inputs, into: output)
  }

  private mutating func dequantizedColumns(
    _ right: CodeOperand, for node: Node
  ) throws(CodeRefusal) -> String {
    guard let scale = constant(right.scale), scale.elementCount > 1 else {
      return dequantized(right, for: node)
    }
    if scale.shape.rank == 1 {
      guard let rank = rank(of: right.codes) else {
        throw CodeRefusal(reason: "the rank of '\(right.codes)' is not known")
      }
      return dequantized(right, for: node, ["axis": .int(Int64(rank - 1))])
    }
    // One scale per column of every matrix is one block as high as the matrix.
    guard let shape = constant(right.codes)?.shape, shape.rank == scale.shape.rank else {
      throw CodeRefusal(reason: "it has \(scale.shape) scales for '\(right.codes)'")
    }
    return dequantized(
      right, for: node,
      ["axis": .int(Int64(shape.rank - 2)), "block_size": .int(Int64(shape[shape.rank - 2]))])
  }

  /// QGemm: a and b with scale and zero point each, an int32 c, then y's; without them y is real.
  mutating func expandGemm(_ node: Node) throws(CodeRefusal) {
    let left = try operand(node, 0)
    let right = try channelOperand(node, 3)
    let isTransposed = node.int("transB") ?? 0 != 0
    var a = dequantized(left, for: node)
    if node.int("transA") ?? 0 != 0 {
      // Codes are transposed more cheaply than a product reads them across.
      a = add("Transpose", for: node, [a], ["perm": .ints([1, 0])], output: a + "_transposed")
    }
    var inputs = [
      a, dequantized(right, for: node, ["axis": .int(isTransposed ? 0 : 1)]),
    ]
    var attributes: [String: Attribute] = [:]
    attributes["alpha"] = node.attributes["alpha"]
    attributes["transB"] = node.attributes["transB"]
    if let bias = node.input(6) {
      inputs.append(
        try dequantizedBias(
          bias, for: node, units: [left.scale, right.scale], factor: node.float("alpha") ?? 1))
    }
    if node.input(7) == nil {
      return compute(node, as: "Gemm", inputs, attributes, outputs: node.outputs)
    }
    let output = try result(node, scaleAt: 7, like: type(of: left))
    compute(node, as: "Gemm", inputs, attributes, into: output)
  }

  /// An operand with one scale or several, and as many zero points as scales.
  private mutating func channelOperand(
    _ node: Node, _ index: Int
  ) throws(CodeRefusal) -> CodeOperand {
    var operand = try operand(node, index)
    guard let scale = constant(operand.scale), let zeroPoint = constant(operand.zeroPoint),
      scale.elementCount > 1, zeroPoint.elementCount == 1
    else { return operand }
    operand.zeroPoint = addConstant(
      operand.zeroPoint, zeroPoint.repeated(scale.elementCount, as: scale.shape))
    return operand
  }

  /// The real value of an int32 bias whose unit is the product of two scales and a factor.
  private mutating func dequantizedBias(
    _ bias: String, for node: Node, units: [String], factor: Float = 1
  ) throws(CodeRefusal) -> String {
    let scales = units.compactMap { constant($0) }
    guard scales.count == 2, scales.allSatisfy({ $0.elementType == .float32 }),
      let first = scales[0].floats.first, scales[0].elementCount == 1
    else { throw CodeRefusal(reason: "the scales of its operands are not constant") }
    let products = scales[1].floats.map { factor * first * $0 }
    guard products.count > 1 else {
      let scale = addConstant(bias + "_scale", .scalar(products.first ?? 1))
      return dequantized(CodeOperand(codes: bias, scale: scale, zeroPoint: ""), for: node)
    }
    guard let rank = rank(of: bias) else {
      throw CodeRefusal(reason: "the rank of its bias is not known")
    }
    let scale = addConstant(bias + "_scale", Tensor(products))
    return dequantized(
      CodeOperand(codes: bias, scale: scale, zeroPoint: ""), for: node,
      ["axis": .int(Int64(max(rank, 1) - 1))])
  }
}

extension Tensor {
  /// A tensor of one element, `count` times.
  fileprivate func repeated(_ count: Int, as shape: Shape) -> Tensor {
    var result = Tensor(elementType, shape: shape)
    withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        guard elementType.bitWidth >= 8 else {
          let half = source[0] & 0xF
          for index in target.indices { target[index] = half | half << 4 }
          return
        }
        for index in target.indices { target[index] = source[index % source.count] }
      }
    }
    return result
  }
}
