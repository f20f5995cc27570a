import Graphs
import Tensors

extension OperatorTraits {
  /// What can be done with a node that is a layer by itself and has no constant weight.
  static func role(of node: Node, graph: Graph, facts: ValueFacts) -> LayerRole {
    let name = node.operatorName.name
    guard node.operatorName.domain.isEmpty else {
      return .float(reason: "operator \(node.operatorName) is not known")
    }
    if controlFlow.contains(name) { return .float(reason: reasonForFloat(name)) }
    let activations = node.inputs.filter(facts.activations.contains)
    guard !activations.isEmpty else {
      return .float(reason: "it turns integers into reals")
    }
    switch name {
    case _ where recurrent.contains(name):
      return .float(reason: reasonForFloat(name))
    case "MatMul", "Gemm":
      let isProduct = activations.count > 1
      return .float(
        reason: isProduct
          ? "it multiplies two activations" : "there is no int8 kernel for \(name) in this form")
    case "Conv", "ConvTranspose":
      return .float(reason: "its weight is not a constant of rank 3 or 4")
    case "Add", "Mul", "Sub", "Div":
      return .float(
        reason: activations.count > 1
          ? "there is no int8 kernel for \(name)" : "its constant operand has more than one element"
      )
    case "Concat":
      let areActivations = node.inputs.allSatisfy(facts.activations.contains)
      return areActivations ? .passThrough : .float(reason: "it joins constants and activations")
    case "Gather", "Expand", "Tile", "Slice", "Reshape":
      return facts.activations.contains(node.inputs[0])
        ? .passThrough : .float(reason: "it reads a constant table")
    case "MaxPool":
      // A second output holds indices, which codes do not have.
      return node.outputs.count > 1 && !node.outputs[1].isEmpty
        ? .float(reason: "its indices are used") : .passThrough
    case "Pad": return padRole(node, graph)
    case "Resize": return resizeRole(node)
    case "ReduceMean": return meanRole(node, graph, facts)
    case _ where moving.contains(name): return .passThrough
    case _ where averaging.contains(name): return .quantizable
    default: return .float(reason: reasonForFloat(name))
    }
  }

  /// Padding with zero is exact in codes, because zero has a code.
  private static func padRole(_ node: Node, _ graph: Graph) -> LayerRole {
    guard node.string("mode") ?? "constant" == "constant" else { return .passThrough }
    guard let name = node.input(2) else { return .passThrough }
    let isZero =
      graph.constant(name).map { $0.elementType == .float32 && $0.floats == [0] } ?? false
    return isZero ? .passThrough : .float(reason: "it pads with a value other than zero")
  }

  private static func resizeRole(_ node: Node) -> LayerRole {
    let copies =
      (node.string("mode") ?? "nearest") == "nearest"
      && node.string("coordinate_transformation_mode") != "tf_crop_and_resize"
    return copies ? .passThrough : .float(reason: "it interpolates between values")
  }

  /// A mean over height and width is a global average pool.
  private static func meanRole(_ node: Node, _ graph: Graph, _ facts: ValueFacts) -> LayerRole {
    let axes =
      node.ints("axes")
      ?? node.input(1).flatMap { name in
        graph.constant(name).flatMap { $0.elementType == .int64 ? $0.array(of: Int64.self) : nil }
      }
    let isSpatial = axes.map { [[2, 3], [-2, -1], [2], [-1]].contains($0.sorted()) } ?? false
    return isSpatial
      ? .quantizable : .float(reason: "it averages over other axes than height and width")
  }
}
