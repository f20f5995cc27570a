internal import Tensors

extension OpsetUpgrade {
  /// Upsample of opset 7 and 9 is Resize without a choice of coordinates.
  mutating func upgradeUpsample(
    _ node: inout Node, in graph: inout Graph
  ) throws(UpgradeError) {
    node.operatorName.name = "Resize"
    if case .floats(let scales)? = node.attributes["scales"] {
      node.attributes["scales"] = nil
      setInput(1, of: &node, named: "scales", to: Tensor(scales), in: &graph)
    }
    try upgradeResize(&node, in: graph)
  }

  /// Resize of opset 10 has scales second, and fixed coordinates: asymmetric, where nearest rounds
  /// down, or up when the axis shrinks, as ONNX Runtime reads the unsaid.
  func upgradeResize(_ node: inout Node, in graph: Graph) throws(UpgradeError) {
    guard let scales = node.input(1) else { return }
    node.inputs = [node.inputs[0], "", scales]
    node.attributes["coordinate_transformation_mode"] = .string(Array("asymmetric".utf8))
    if node.string("mode") ?? "nearest" == "nearest" {
      let factors = graph.constant(scales).flatMap { $0.elementType == .float32 ? $0.floats : nil }
      let shrinks = factors?.contains { $0 < 1 } ?? false
      if shrinks, factors?.contains(where: { $0 > 1 }) ?? false {
        throw refusal(node, "growing one axis and shrinking another")
      }
      node.attributes["nearest_mode"] = .string(Array((shrinks ? "ceil" : "floor").utf8))
    }
  }
}
