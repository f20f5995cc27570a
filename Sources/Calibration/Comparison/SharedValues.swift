import Graphs
import Tensors

/// Which values of two models are the same thing.
struct SharedValues {
  /// Name in the first model and in the second, in the first one's order.
  let pairs: [(first: String, second: String)]

  /// Values that carry the same name, whatever made them. Where the second model rounds such a
  /// value for its readers, the rounded one is meant.
  init(_ first: Graph, _ second: Graph) {
    let index = GraphIndex(second)
    let made = Set(second.nodes.flatMap(\.outputs))
    var pairs: [(first: String, second: String)] = []
    for name in first.nodes.flatMap(\.outputs) where !name.isEmpty {
      if made.contains(name) {
        pairs.append((name, Self.rounded(name, index) ?? name))
      }
    }
    self.pairs = pairs
  }

  /// What `value → QuantizeLinear → DequantizeLinear` gives, when nothing else reads the value.
  private static func rounded(_ value: String, _ index: GraphIndex) -> String? {
    let readers = index.consumers(of: value)
    guard readers.count == 1, readers[0].is("QuantizeLinear"), !index.isGraphOutput(value),
      let back = index.consumers(of: readers[0].outputs[0]).first(where: {
        $0.is("DequantizeLinear")
      })
    else { return nil }
    return back.outputs[0]
  }
}
