import Graphs
import Tensors

extension WeightReference {
  /// The constant float weight of a node that multiplies and accumulates, or `nil` when it has none
  /// or computes something an int8 kernel does not.
  init?(node: Node, graph: Graph) {
    guard node.operatorName.domain.isEmpty, let name = node.input(1),
      let tensor = graph.constant(name), tensor.elementType == .float32,
      tensor.shape.elementCount > 0
    else { return nil }
    let shape = tensor.shape
    switch node.operatorName.name {
    case "Conv":
      guard shape.rank >= 3, shape.rank <= 4 else { return nil }
      let groups = Int(node.int("group") ?? 1)
      self.init(
        initializer: name, inputIndex: 1, shape: shape, channelAxis: 0,
        isDepthwise: groups > 1 && shape[1] == 1)
    case "ConvTranspose":
      guard shape.rank >= 3, shape.rank <= 4 else { return nil }
      self.init(
        initializer: name, inputIndex: 1, shape: shape, channelAxis: 1,
        groups: Int(node.int("group") ?? 1))
    case "Gemm":
      guard shape.rank == 2, (node.int("transA") ?? 0) == 0,
        node.input(2).map({ Self.isColumnVector(graph.constant($0), of: node, weight: shape) })
          ?? true
      else { return nil }
      let isTransposed = (node.int("transB") ?? 0) != 0
      self.init(
        initializer: name, inputIndex: 1, shape: shape, channelAxis: isTransposed ? 0 : 1)
    case "LSTM", "GRU":
      self.init(initializer: name, inputIndex: 1, shape: shape, channelAxis: 1)
    case "MatMul":
      guard shape.rank == 2 else { return nil }
      self.init(initializer: name, inputIndex: 1, shape: shape, channelAxis: 1)
    default: return nil
    }
  }

  /// What the hidden state of an LSTM or GRU is multiplied with; `nil` where it is no constant.
  init?(recurrenceOf node: Node, graph: Graph) {
    guard let name = node.input(2), let tensor = graph.constant(name),
      tensor.elementType == .float32, tensor.shape.rank == 3
    else { return nil }
    self.init(initializer: name, inputIndex: 2, shape: tensor.shape, channelAxis: 1)
  }

  /// The table that a Gather takes rows from.
  init?(tableOf node: Node, graph: Graph) {
    guard node.is("Gather"), node.int("axis") ?? 0 == 0, let name = node.input(0),
      let tensor = graph.constant(name), tensor.elementType == .float32, tensor.shape.rank == 2
    else { return nil }
    self.init(initializer: name, inputIndex: 0, shape: tensor.shape, channelAxis: 0)
  }

  /// Whether rows are looked up in it instead of multiplied with.
  var isTable: Bool { inputIndex == 0 }

  /// Whether a Gemm adds one value to each column.
  private static func isColumnVector(_ bias: Tensor?, of node: Node, weight: Shape) -> Bool {
    guard let bias else { return false }
    let columns = (node.int("transB") ?? 0) != 0 ? weight[0] : weight[1]
    return bias.elementCount == columns && bias.shape.dimensions.last == columns
  }
}
