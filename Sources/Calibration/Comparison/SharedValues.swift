import Graphs
import Tensors

/// Which values of two models are the same thing.
struct SharedValues {
  /// Name in the first model and in the second, in the first one's order.
  let pairs: [(first: String, second: String)]

  /// Values that carry the same name, whatever made them. Where the second model rounds such a
  /// value for its readers, the rounded one is meant; where that rounding also does the work of a
  /// clamp of the first model, the clamped value of the first.
  init(_ first: Graph, _ second: Graph) {
    let firstIndex = GraphIndex(first)
    let index = GraphIndex(second)
    let made = Set(second.nodes.flatMap(\.outputs))
    var pairs: [(first: String, second: String)] = []
    var known = Set<String>()
    for name in first.nodes.flatMap(\.outputs) where made.contains(name) && !name.isEmpty {
      let rounded = Self.rounded(name, index)
      let clamped = rounded.flatMap { rounded in
        Self.clamped(name, firstIndex).flatMap {
          made.contains($0) && $0 != rounded ? nil : $0
        }
      }
      let own = clamped ?? name
      if known.insert(own).inserted { pairs.append((own, rounded ?? name)) }
    }
    self.pairs = pairs
  }

  /// What the last of the clamps behind `value` gives, when nothing else reads it before.
  private static func clamped(_ value: String, _ index: GraphIndex) -> String? {
    var last: String?
    var name = value
    while let next = index.soleConsumer(of: name), next.is("Relu") || next.is("Clip"),
      next.inputs[0] == name
    {
      name = next.outputs[0]
      last = name
    }
    return last
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
