import Execution
import Graphs
import Kernels
import OrderedCollections
import Tensors
import Testing

/// Attention whose operators stand one by one in a model.
@Suite struct SpelledAttentionTests {
  enum Form: CaseIterable { case plain, masked, rounded, roundedScores }

  private static let (tokens, heads, size) = (19, 2, 8)

  /// `x` three times as heads, products and softmax, heads side by side again, and codes behind.
  private func model(_ form: Form) -> Model {
    var graph = Graph(name: "attention")
    let width = Self.heads * Self.size
    graph.inputs = [
      ValueDeclaration(
        name: "x", elementType: .float32,
        dimensions: [1, Self.tokens, width].map { Dimension.fixed($0) })
    ]
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    func constant(_ name: String, _ tensor: Tensor) {
      graph.initializers[name] = Initializer(tensor)
    }
    func node(
      _ type: String, _ inputs: [String], _ output: String, _ attributes: [String: Attribute] = [:]
    ) {
      graph.append(
        OperatorName(type), name: output, inputs: inputs, outputs: [output],
        attributes: attributes)
    }
    let isRounded = form == .rounded || form == .roundedScores
    func rounded(_ value: String, scale: Float, zeroPoint: UInt8) -> String {
      guard isRounded else { return value }
      constant(value + "_scale", .scalar(scale))
      constant(value + "_zero", .scalar(zeroPoint))
      node("QuantizeLinear", [value, value + "_scale", value + "_zero"], value + "_codes")
      node(
        "DequantizeLinear", [value + "_codes", value + "_scale", value + "_zero"],
        value + "_rounded")
      return value + "_rounded"
    }
    constant(
      "split", Tensor([1, Int64(Self.tokens), Int64(Self.heads), Int64(Self.size)]))
    constant("joined", Tensor([1, Int64(Self.tokens), Int64(width)]))
    constant("factor", .scalar(Float(0.25)))
    let x = rounded("x", scale: 0.01, zeroPoint: 120)
    func byHead(_ name: String, _ order: [Int64]) -> String {
      node("Reshape", [x, "split"], name + "_split")
      node("Transpose", [name + "_split"], name, ["perm": .ints(order)])
      return rounded(name, scale: 0.01, zeroPoint: 120)
    }
    let (query, key) = (byHead("q", [0, 2, 1, 3]), byHead("k", [0, 2, 3, 1]))
    node("MatMul", [query, key], "scores")
    let scores =
      form == .roundedScores ? rounded("scores", scale: 0.05, zeroPoint: 77) : "scores"
    node("Mul", [scores, "factor"], "scaled")
    var last = "scaled"
    if form == .masked {
      constant(
        "mask",
        Tensor(
          (0..<Self.tokens).map { $0 % 5 == 3 ? -10 : 0 } as [Float],
          shape: [1, 1, 1, Self.tokens]))
      node("Add", [last, "mask"], "masked")
      last = "masked"
    }
    node("Softmax", [last], "shares", ["axis": .int(-1)])
    let shares = rounded("shares", scale: 1 / 255, zeroPoint: 0)
    // Made behind the scores, as exporters order it.
    let value = byHead("v", [0, 2, 1, 3])
    node("MatMul", [shares, value], "mixed")
    node(
      "Transpose", [rounded("mixed", scale: 0.01, zeroPoint: 128)], "merged",
      [
        "perm": .ints([0, 2, 1, 3])
      ])
    node("Reshape", ["merged", "joined"], "y")
    return Model(graph: graph, opset: 17)
  }

  private var input: Tensor {
    let width = Self.heads * Self.size
    let values = (0..<(Self.tokens * width)).map { Float($0 * 7_919 % 211) / 100 - 1 }
    return Tensor(values, shape: [1, Self.tokens, width])
  }

  private func run(_ form: Form, _ options: ExecutionOptions) throws -> Tensor {
    try #require(try Executor(model: model(form), options: options).run(["x": input])["y"])
  }

  @Test(arguments: InstructionSet.available, Form.allCases)
  func oneStepComputesWhatItsOperatorsDo(isa: InstructionSet, form: Form) throws {
    let expected = try run(
      form, ExecutionOptions(mode: .float, instructionSet: .scalar, fuses: false))
    for mode in ExecutionMode.allCases {
      for threads in [1, 2] {
        let options = ExecutionOptions(mode: mode, instructionSet: isa, threads: threads)
        let found = try run(form, options)
        let isReal = form == .plain || form == .masked
        // Rounding may fall to the other side; a code of the result is 0.01.
        #expect(found.distance(to: expected) <= (isReal ? 1e-5 : 0.0101), "\(mode), \(threads)")
      }
    }
  }

  /// Quantizers of float plans move what they round.
  static let unmoved: [(Form, ExecutionMode)] =
    [(.plain, .float), (.masked, .float)] + Form.allCases.map { ($0, .integer) }

  @Test(arguments: unmoved)
  func headsStayWhereTheyLie(form: Form, mode: ExecutionMode) throws {
    let model = model(form)
    let executor = try Executor(model: model, options: ExecutionOptions(mode: mode))
    let plan = try executor.plan(for: ["x": input.shape])
    #expect(
      plan.steps.allSatisfy { !$0.kernel.hasPrefix("transpose") }, "\(plan.steps.map(\.kernel))")
    let attention = try #require(plan.steps.first { $0.multiplyAccumulates > 0 })
    #expect(
      attention.multiplyAccumulates
        == 2 * Self.heads * Self.tokens * Self.tokens * Self.size)
    let isOnCodes = mode == .integer && form != .plain && form != .masked
    if isOnCodes, AttentionInt8.isSupported(on: .best) {
      #expect(attention.isInteger)
      #expect(attention.kernel.hasPrefix("attention-u8"))
    } else {
      #expect(attention.kernel.hasPrefix("f32-attention"))
    }
  }

  @Test func aKeptValueIsMade() throws {
    for name in ["scaled", "shares", "q"] {
      var seen: [String] = []
      let executor = try Executor(model: model(.plain), options: ExecutionOptions(kept: [name]))
      let found = try #require(try executor.run(["x": input]) { seen.append($0.name) }["y"])
      #expect(seen == [name])
      let expected = try run(.plain, ExecutionOptions(fuses: false))
      #expect(found.distance(to: expected) <= 1e-5)
    }
  }
}
