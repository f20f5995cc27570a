import Graphs
import Tensors

/// The bounds of a Relu or a Clip with constant limits.
struct Clamp: Hashable {
  let lower: Float
  let upper: Float

  /// `nil` when `node` is neither, or its limits are not known.
  init?(node: Node, graph: Graph) {
    if node.is("Relu") {
      self.init(lower: 0, upper: .infinity)
      return
    }
    guard node.is("Clip") else { return nil }
    func limit(_ position: Int, _ otherwise: Float) -> Float? {
      guard let name = node.input(position) else { return otherwise }
      guard let tensor = graph.constant(name), tensor.elementType == .float32,
        tensor.elementCount == 1
      else { return nil }
      return tensor.floats[0]
    }
    guard let lower = limit(1, -.infinity), let upper = limit(2, .infinity), lower <= upper else {
      return nil
    }
    self.init(lower: lower, upper: upper)
  }

  private init(lower: Float, upper: Float) {
    self.lower = lower
    self.upper = upper
  }
}
