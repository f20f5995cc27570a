import Graphs
import Quantization
import Tensors

/// Layers that read and make real values although their weights are codes.
extension LayerRewriter {
  /// The nodes of a layer that is quantized dynamically or by its weights alone.
  ///
  /// - Parameter names: new names of values; others keep theirs.
  mutating func rewrittenBetweenReals(
    _ layer: Layer, _ precision: LayerPrecision, names: [String: String],
    in assembly: inout GraphAssembly
  ) -> [Node] {
    var nodes = nodes(of: layer).map { $0.renaming(names) }
    guard let main = nodes.firstIndex(where: { $0.id == layer.main }) else { return nodes }
    switch (precision, nodes[main].operatorName.name) {
    case (.dynamicInt8, "MatMul"), (.dynamicInt8, "Gemm"):
      let product = dynamicProduct(nodes[main], layer, in: &assembly)
      nodes.replaceSubrange(main...main, with: product)
    case (.dynamicInt8, "LSTM") where nodes[main].int("layout") ?? 0 == 0:
      dynamicLSTM(&nodes[main], layer, in: &assembly)
    case (.weightOnly, "Gather"):
      nodes.replaceSubrange(main...main, with: lookup(nodes[main], layer, in: &assembly))
    default:
      // What has no operator of its own keeps its codes in front of it.
      _ = storeWeights(of: layer, in: &nodes, &assembly)
    }
    return nodes
  }

  /// `DynamicQuantizeLinear → MatMulInteger → Cast → Mul (→ Add)`, as ONNX Runtime's tools write it.
  private mutating func dynamicProduct(
    _ node: Node, _ layer: Layer, in assembly: inout GraphAssembly
  ) -> [Node] {
    guard let reference = layer.weight, let weight = stored[layer, reference] else { return [node] }
    var nodes: [Node] = []
    let input = node.inputs[0]
    let output = node.outputs[0]
    let activation: [String]
    if let known = quantizedAtRun[input] {
      activation = known
    } else {
      activation = ["_quantized", "_scale", "_zero_point"].map { assembly.claim(input + $0) }
      nodes.append(
        assembly.node("DynamicQuantizeLinear", inputs: [input], outputs: activation))
      quantizedAtRun[input] = activation
    }
    let isTransposed = node.is("Gemm") && (node.int("transB") ?? 0) != 0
    let base = weight.initializer
    let codes = assembly.addSharedConstant(
      base + "_quantized", isTransposed ? weight.codes.transposed : weight.codes)
    let scale = assembly.addSharedConstant(base + "_scale", weight.scales)
    let zeroPoint = assembly.addSharedConstant(base + "_zero_point", weight.zeroPoints)
    let sums = assembly.claim(output + "_sums")
    var product = Node(
      id: node.id, name: node.name, operatorName: OperatorName("MatMulInteger"),
      inputs: [activation[0], codes, activation[2], zeroPoint], outputs: [sums])
    product.documentation = node.documentation
    let scales = assembly.claim(output + "_scales")
    let real = assembly.claim(output + "_real")
    let bias = node.is("Gemm") ? node.input(2) : nil
    let scaled = bias == nil ? output : assembly.claim(output + "_scaled")
    nodes += [
      product,
      assembly.node(
        "Cast", inputs: [sums], outputs: [real],
        attributes: ["to": .int(Int64(ElementType.float32.rawValue))]),
      assembly.node("Mul", inputs: [activation[1], scale], outputs: [scales]),
      assembly.node("Mul", inputs: [real, scales], outputs: [scaled]),
    ]
    if let bias {
      nodes.append(
        assembly.node(
          "Add", inputs: [scaled, addend(bias, of: node, in: &assembly)], outputs: [output]))
    }
    return nodes
  }

  /// The bias of a Gemm with its factor multiplied in.
  private func addend(
    _ bias: String, of node: Node, in assembly: inout GraphAssembly
  ) -> String {
    let factor = node.float("beta") ?? 1
    guard factor != 1, let tensor = layers.graph(of: node.id).constant(bias) else { return bias }
    return assembly.addConstant(
      bias + "_scaled", Tensor(tensor.floats.map { $0 * factor }, shape: tensor.shape))
  }

  /// ONNX Runtime's operator: weights `[directions, inputs, 4 * hidden]`, a scale for each direction
  /// or for each of its columns.
  private func dynamicLSTM(_ node: inout Node, _ layer: Layer, in assembly: inout GraphAssembly) {
    var operands: [String] = []
    for reference in layer.weights {
      guard let weight = stored[layer, reference], let parameters = weight.parameters else {
        return
      }
      let directions = reference.shape[0]
      let base = weight.initializer
      let codes = assembly.addSharedConstant(base + "_transposed", weight.codes.transposed)
      node.inputs[reference.inputIndex] = codes
      let scales = parameters.channels.map(\.scale)
      let shape: Shape = parameters.isPerChannel ? [directions, scales.count] : [directions]
      let all = (0..<directions).flatMap { _ in scales }
      operands.append(assembly.addSharedConstant(base + "_scale", Tensor(all, shape: shape)))
      operands.append(
        assembly.addSharedConstant(
          base + "_zero_point", Tensor([Int8](repeating: 0, count: all.count), shape: shape)))
    }
    while node.inputs.count < 8 { node.inputs.append("") }
    node.inputs += operands
    node.operatorName = OperatorName("DynamicQuantizeLSTM", domain: QOperatorForm.microsoft)
    node.attributes["layout"] = nil
  }

  /// Rows are looked up as codes and made real afterwards.
  private func lookup(
    _ node: Node, _ layer: Layer, in assembly: inout GraphAssembly
  ) -> [Node] {
    guard let reference = layer.weight, let weight = stored[layer, reference] else { return [node] }
    let base = weight.initializer
    var node = node
    let output = node.outputs[0]
    let rows = assembly.claim(output + "_quantized")
    node.inputs[0] = assembly.addSharedConstant(base + "_quantized", weight.codes)
    node.outputs[0] = rows
    let scale = assembly.addSharedConstant(base + "_scale", weight.scales)
    let zeroPoint = assembly.addSharedConstant(base + "_zero_point", weight.zeroPoints)
    return [
      node,
      assembly.node("DequantizeLinear", inputs: [rows, scale, zeroPoint], outputs: [output]),
    ]
  }
}

extension Tensor {
  /// The last two dimensions exchanged.
  /// - Precondition: one byte an element, of rank 2 and more.
  fileprivate var transposed: Tensor {
    precondition(elementType.bitWidth == 8 && shape.rank >= 2, "\(elementType) \(shape)")
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    let outer = shape.dimensions.dropLast(2)
    var result = Tensor(elementType, shape: Shape(outer + [columns, rows]))
    withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        for block in 0..<outer.reduce(1, *) {
          let start = block * rows * columns
          for row in 0..<rows {
            for column in 0..<columns {
              target[start + column * rows + row] = source[start + row * columns + column]
            }
          }
        }
      }
    }
    return result
  }
}
