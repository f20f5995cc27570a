internal import Tensors

extension Graph {
  /// How many dimensions `value` has at least, as far as the operators before it tell.
  package func leastRank(of value: String, _ index: GraphIndex, depth: Int = 8) -> Int {
    if let tensor = constant(value) { return tensor.shape.rank }
    if let input = inputs.first(where: { $0.name == value }) { return input.dimensions?.count ?? 0 }
    guard depth > 0, let node = index.producer(of: value), node.operatorName.domain.isEmpty else {
      return 0
    }
    func rank(_ input: Int) -> Int {
      node.input(input).map { leastRank(of: $0, index, depth: depth - 1) } ?? 0
    }
    switch node.operatorName.name {
    case "Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool": return 3
    case "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Equal", "Less", "Greater", "And", "Or":
      return node.inputs.indices.map(rank).max() ?? 0
    case "MatMul":
      // A vector on one side takes a dimension away.
      let ranks = [rank(0), rank(1)]
      return ranks.contains { $0 < 2 } ? 0 : ranks[0] > ranks[1] ? ranks[0] : ranks[1]
    case "Expand":
      return max(rank(0), node.input(1).flatMap { lengthOfShape($0, index) } ?? 0)
    case "Cast", "Identity", "Relu", "Clip", "Sigmoid", "Tanh", "Erf", "Exp", "Sqrt", "Reciprocal",
      "Neg", "Abs", "Softmax", "Transpose", "Dropout", "Slice", "Pad", "QuantizeLinear",
      "DequantizeLinear":
      return rank(0)
    default: return 0
    }
  }

  /// How many extents a shape has that is put together of some.
  private func lengthOfShape(_ value: String, _ index: GraphIndex) -> Int? {
    if let tensor = constant(value) { return tensor.elementCount }
    guard let node = index.producer(of: value) else { return nil }
    if node.is("Cast"), let input = node.input(0) { return lengthOfShape(input, index) }
    return nil
  }
}
