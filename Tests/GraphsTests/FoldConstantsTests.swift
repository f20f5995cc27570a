import Graphs
import OrderedCollections
import Tensors
import Testing

@Suite struct FoldConstantsTests {
  /// The constant that `name` computes from int64 vectors, when it folds.
  private func folded(
    _ name: String, _ inputs: [Tensor], _ attributes: [String: Attribute] = [:]
  ) -> Tensor? {
    var builder = GraphBuilder()
    let names = inputs.indices.map { "c\($0)" }
    for (name, tensor) in zip(names, inputs) {
      builder.graph.initializers[name] = Initializer(tensor)
    }
    builder.node(name, names, ["value"], attributes)
    builder.node("Reshape", ["x", "value"], ["y"])
    var report = PreparationReport()
    builder.graph.foldConstants(recording: &report)
    return builder.graph.constant("value")
  }

  private static func ints(_ values: Int64..., shape: Shape? = nil) -> Tensor {
    Tensor(values, shape: shape)
  }

  static let matrix = Tensor((1...6).map(Int64.init), shape: [2, 3])
  static let cases: [(String, [Tensor], [String: Attribute], Tensor)] = [
    ("Shape", [matrix], [:], ints(2, 3)),
    ("Shape", [matrix], ["start": .int(-1)], ints(3)),
    ("Size", [matrix], [:], .scalar(Int64(6))),
    ("Gather", [matrix, ints(-1)], ["axis": .int(0)], ints(4, 5, 6, shape: [1, 3])),
    ("Gather", [matrix, .scalar(Int64(1))], ["axis": .int(1)], ints(2, 5)),
    (
      "Concat", [matrix, matrix], ["axis": .int(-1)],
      ints(1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, shape: [2, 6])
    ),
    (
      "Slice", [matrix, ints(-1), ints(.min + 1), ints(1), ints(-1)], [:],
      ints(3, 2, 1, 6, 5, 4, shape: [2, 3])
    ),
    ("Slice", [matrix, ints(0, 1), ints(9, 9)], [:], ints(2, 3, 5, 6, shape: [2, 2])),
    ("Slice", [matrix, ints(5), ints(9), ints(0)], [:], Tensor([Int64](), shape: [0, 3])),
    ("Unsqueeze", [ints(7), ints(0, -1)], [:], ints(7, shape: [1, 1, 1])),
    ("Squeeze", [ints(7)], [:], .scalar(Int64(7))),
    ("Squeeze", [ints(1, 2, shape: [1, 2]), ints(0)], [:], ints(1, 2)),
    ("Reshape", [matrix, ints(0, -1, 1)], [:], ints(1, 2, 3, 4, 5, 6, shape: [2, 3, 1])),
    ("Transpose", [matrix], [:], ints(1, 4, 2, 5, 3, 6, shape: [3, 2])),
    ("Cast", [Tensor([Float(2.9), -2.9])], ["to": .int(7)], ints(2, -2)),
    ("Add", [matrix, ints(10, 20, 30)], [:], ints(11, 22, 33, 14, 25, 36, shape: [2, 3])),
    ("Sub", [ints(1), ints(2)], [:], ints(-1)),
    ("Mul", [ints(.max), ints(2)], [:], ints(-2)),
    ("Div", [ints(-7), ints(2)], [:], ints(-3)),
    ("ConstantOfShape", [ints(2, 1)], ["value": .tensor(ints(5))], ints(5, 5, shape: [2, 1])),
    ("Range", [.scalar(Int64(5)), .scalar(Int64(0)), .scalar(Int64(-2))], [:], ints(5, 3, 1)),
    ("Range", [.scalar(Int64(3)), .scalar(Int64(3)), .scalar(Int64(1))], [:], Tensor([Int64]())),
  ]

  @Test(arguments: cases.indices) func computes(index: Int) {
    let (name, inputs, attributes, expected) = Self.cases[index]
    #expect(folded(name, inputs, attributes) == expected, "\(name)")
  }

  static let impossible: [(String, [Tensor], [String: Attribute])] = [
    ("Div", [ints(1), ints(0)], [:]),
    ("Gather", [matrix, ints(2)], [:]),
    ("Reshape", [matrix, ints(4, -1)], [:]),
    ("Reshape", [matrix, ints(-1, -1)], [:]),
    ("ConstantOfShape", [ints(1 << 40, 1 << 40)], [:]),
    ("ConstantOfShape", [ints(-1)], [:]),
    ("Range", [.scalar(Int64(0)), .scalar(Int64.max), .scalar(Int64(1))], [:]),
    ("Range", [.scalar(Int64(0)), .scalar(Int64(9)), .scalar(Int64(0))], [:]),
    ("Squeeze", [matrix, ints(0)], [:]),
    ("Unsqueeze", [matrix, ints(9)], [:]),
    ("Transpose", [matrix], ["perm": .ints([0, 0])]),
    ("Concat", [matrix, ints(1)], ["axis": .int(0)]),
    ("Cast", [Tensor([Float.nan])], ["to": .int(7)]),
    ("Slice", [matrix, ints(0), ints(1), ints(0), ints(0)], [:]),
  ]

  @Test(arguments: impossible.indices) func leavesWhatCannotBeComputed(index: Int) {
    let (name, inputs, attributes) = Self.impossible[index]
    #expect(folded(name, inputs, attributes) == nil, "\(name)")
  }

  @Test func asksForOperatorsItDoesNotKnow() {
    var builder = GraphBuilder()
    builder.scalar("c", 4)
    builder.node("Sqrt", ["c"], ["root"])
    builder.node("Mul", ["x", "root"], ["y"])
    var report = PreparationReport()
    builder.graph.foldConstants(
      evaluate: { node, inputs in
        node.is("Sqrt") ? [.scalar(inputs[0]?.floats[0].squareRoot() ?? 0)] : nil
      }, recording: &report)
    #expect(builder.graph.operators == ["Mul"])
    #expect(builder.graph.floats("root") == [2])
    #expect(report.foldings.map(\.reason) == [.constant])
  }

  @Test func quantizationOutputsAndRandomNumbersStay() {
    var builder = GraphBuilder(inputs: [], outputs: ["y", "z"])
    builder.constant("q", [Int8(3)])
    builder.scalar("s", 0.5)
    builder.constant("shape", [Int64(2)])
    builder.node("DequantizeLinear", ["q", "s"], ["d"])
    builder.node("RandomNormalLike", ["s"], ["r"])
    builder.node("Add", ["d", "r"], ["z"])
    builder.node("Identity", ["s"], ["y"])
    var report = PreparationReport()
    builder.graph.foldConstants(
      evaluate: { _, _ in [.scalar(Float(0))] }, recording: &report)
    #expect(builder.graph.nodes.count == 4)
  }
}
