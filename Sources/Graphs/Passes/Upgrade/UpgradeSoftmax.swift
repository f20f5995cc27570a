internal import Tensors

extension OpsetUpgrade {
  /// Softmax, LogSoftmax and Hardmax until opset 12: the input is seen as a matrix, with the axes
  /// from `axis` (default 1) on as columns. From 13 on they work along one axis.
  ///
  /// Where `axis` is the last, both are the same. Otherwise the matrix is made and unmade with
  /// Flatten and Reshape.
  mutating func flattening(_ source: Node, in graph: inout Graph, _ facts: ValueFacts) -> [Node] {
    var node = source
    let axis = node.int("axis") ?? 1
    guard let input = node.input(0), let output = node.outputs.first else { return [node] }
    if axis == -1 || facts.rank(of: input).map({ Int64($0) - 1 == axis }) ?? false {
      node.attributes["axis"] = .int(-1)
      return [node]
    }
    let extents = uniqueName("\(output)_shape")
    let matrix = uniqueName("\(output)_matrix")
    let result = uniqueName("\(output)_flat")
    let shape = Node(
      id: graph.makeNodeID(), name: extents, operatorName: OperatorName("Shape"), inputs: [input],
      outputs: [extents])
    let flatten = Node(
      id: graph.makeNodeID(), name: matrix, operatorName: OperatorName("Flatten"),
      attributes: ["axis": .int(axis)], inputs: [input], outputs: [matrix])
    node.attributes["axis"] = .int(-1)
    node.inputs[0] = matrix
    node.outputs[0] = result
    let reshape = Node(
      id: graph.makeNodeID(), name: "\(result)_reshape", operatorName: OperatorName("Reshape"),
      inputs: [result, extents], outputs: [output])
    return [shape, flatten, node, reshape]
  }
}
