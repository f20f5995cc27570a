import Graphs
import OrderedCollections
import Tensors
import Testing

@Suite struct PatternTests {
  private func builder() -> GraphBuilder {
    var builder = GraphBuilder()
    let numbers: [(String, Float)] = [
      ("zero", 0), ("half", 0.5), ("one", 1), ("two", 2), ("three", 3), ("six", 6),
      ("sixth", 1 / 6), ("root2", 1.4142135), ("k", 0.044715), ("c", 0.7978846), ("eps", 1e-5),
    ]
    for (name, value) in numbers { builder.scalar(name, value) }
    builder.constant("gamma", [Float(1), 2])
    builder.constant("beta", [Float(3), 4])
    return builder
  }

  /// Nodes as `(operator, inputs)`; each makes the value `v<index>`, the last one `y`.
  private func matches(_ steps: [(String, [String])]) -> [PatternMatch] {
    var builder = builder()
    for (index, step) in steps.enumerated() {
      let output = index == steps.count - 1 ? "y" : "v\(index)"
      let attributes: [String: Attribute] =
        switch step.0 {
        case "HardSigmoid": ["alpha": .float(0.16666667), "beta": .float(0.5)]
        case "ReduceMean": ["axes": .ints([-1])]
        default: [:]
        }
      builder.node(step.0, step.1, [output], attributes)
    }
    return builder.graph.patternMatches()
  }

  static let hardSwishes: [[(String, [String])]] = [
    [
      ("Add", ["x", "three"]), ("Clip", ["v0", "zero", "six"]), ("Mul", ["x", "v1"]),
      ("Div", ["v2", "six"]),
    ],
    [
      ("Add", ["three", "x"]), ("Clip", ["v0", "zero", "six"]), ("Div", ["v1", "six"]),
      ("Mul", ["v2", "x"]),
    ],
    [
      ("Add", ["x", "three"]), ("Clip", ["v0", "zero", "six"]), ("Mul", ["v1", "sixth"]),
      ("Mul", ["x", "v2"]),
    ],
    [
      ("Div", ["x", "six"]), ("Add", ["x", "three"]), ("Clip", ["v1", "zero", "six"]),
      ("Mul", ["v0", "v2"]),
    ],
    [
      ("Mul", ["x", "sixth"]), ("Add", ["v0", "half"]), ("Clip", ["v1", "zero", "one"]),
      ("Mul", ["x", "v2"]),
    ],
    [("HardSigmoid", ["x"]), ("Mul", ["v0", "x"])],
  ]

  @Test(arguments: hardSwishes.indices) func hardSwishInEveryOrder(index: Int) {
    let steps = Self.hardSwishes[index]
    let found = matches(steps)
    #expect(found.map(\.kind) == [.hardSwish])
    #expect(found.first?.input == "x")
    #expect(found.first?.output == "y")
    #expect(found.first?.nodes.count == steps.count)
  }

  @Test func hardSigmoidWithItsScale() throws {
    let found = matches([
      ("Add", ["x", "three"]), ("Clip", ["v0", "zero", "six"]), ("Div", ["v1", "six"]),
    ])
    guard case .hardSigmoid(let alpha, let beta)? = found.first?.kind else {
      Issue.record("found \(found)")
      return
    }
    #expect((alpha - 1 / 6).magnitude < 1e-6 && (beta - 0.5).magnitude < 1e-6)
    #expect(found[0].nodes.count == 3)
  }

  @Test func siluAndGelu() {
    #expect(matches([("Sigmoid", ["x"]), ("Mul", ["x", "v0"])]).map(\.kind) == [.silu])
    let erf = matches([
      ("Div", ["x", "root2"]), ("Erf", ["v0"]), ("Add", ["v1", "one"]), ("Mul", ["x", "v2"]),
      ("Mul", ["v3", "half"]),
    ])
    #expect(erf.map(\.kind) == [.gelu(tanhApproximation: false)])
    let tanh = matches([
      ("Pow", ["x", "three"]), ("Mul", ["v0", "k"]), ("Add", ["x", "v1"]), ("Mul", ["v2", "c"]),
      ("Tanh", ["v3"]), ("Add", ["v4", "one"]), ("Mul", ["half", "x"]), ("Mul", ["v6", "v5"]),
    ])
    #expect(tanh.map(\.kind) == [.gelu(tanhApproximation: true)])
    #expect(tanh.first?.nodes.count == 8)
  }

  static let gelus: [[(String, [String])]] = [
    // Half inside of the gate.
    [
      ("Mul", ["x", "root2"]), ("Mul", ["v0", "half"]), ("Erf", ["v1"]), ("Mul", ["v2", "half"]),
      ("Add", ["v3", "half"]), ("Mul", ["x", "v4"]),
    ],
    // Cubes as products, in any order.
    [
      ("Pow", ["x", "two"]), ("Mul", ["v0", "x"]), ("Mul", ["k", "v1"]), ("Add", ["v2", "x"]),
      ("Mul", ["v3", "c"]), ("Tanh", ["v4"]), ("Add", ["one", "v5"]), ("Mul", ["x", "half"]),
      ("Mul", ["v7", "v6"]),
    ],
    [
      ("Mul", ["k", "x"]), ("Mul", ["v0", "x"]), ("Add", ["one", "v1"]), ("Mul", ["x", "c"]),
      ("Mul", ["v3", "v2"]), ("Tanh", ["v4"]), ("Add", ["one", "v5"]), ("Mul", ["half", "x"]),
      ("Mul", ["v7", "v6"]),
    ],
  ]

  @Test(arguments: gelus.indices) func geluInOtherSpellings(index: Int) {
    let steps = Self.gelus[index]
    let found = matches(steps)
    #expect(found.map(\.kind) == [.gelu(tanhApproximation: index > 0)])
    #expect(found.first?.nodes.count == steps.count)
  }

  @Test func aCubeOfSomethingElseIsNoGelu() {
    let found = matches([
      ("Pow", ["x", "two"]), ("Mul", ["v0", "k"]), ("Add", ["x", "v1"]), ("Mul", ["v2", "c"]),
      ("Tanh", ["v3"]), ("Add", ["v4", "one"]), ("Mul", ["half", "x"]), ("Mul", ["v6", "v5"]),
    ])
    #expect(!found.map(\.kind).contains(.gelu(tanhApproximation: true)))
  }

  @Test func mish() {
    let found = matches([("Softplus", ["x"]), ("Tanh", ["v0"]), ("Mul", ["x", "v1"])])
    #expect(found.map(\.kind) == [.mish])
  }

  /// Ways to divide by a root: the nodes behind the sum `v4`, whose result is `v1 / √v4`.
  static let quotients: [[(String, [String])]] = [
    [("Sqrt", ["v4"]), ("Reciprocal", ["v5"]), ("Mul", ["v1", "v6"])],
    [("Sqrt", ["v4"]), ("Div", ["one", "v5"]), ("Mul", ["v6", "v1"])],
    [("Pow", ["v4", "half"]), ("Div", ["v1", "v5"])],
  ]

  @Test(arguments: quotients.indices) func layerNormalizationByOtherQuotients(index: Int) {
    let steps: [(String, [String])] =
      [
        ("ReduceMean", ["x"]), ("Sub", ["x", "v0"]), ("Mul", ["v1", "v1"]),
        ("ReduceMean", ["v2"]), ("Add", ["eps", "v3"]),
      ] + Self.quotients[index]
    let found = matches(steps)
    #expect(
      found.map(\.kind)
        == [.layerNormalization(axes: [-1], epsilon: 1e-5, scale: nil, bias: nil)])
    #expect(found.first?.nodes.count == steps.count)
  }

  @Test func layerNormalizationWithTheDifferenceTwiceAndMultipliedOut() {
    let twice = matches([
      ("ReduceMean", ["x"]), ("Sub", ["x", "v0"]), ("Sub", ["x", "v0"]), ("Pow", ["v2", "two"]),
      ("ReduceMean", ["v3"]), ("Add", ["v4", "eps"]), ("Sqrt", ["v5"]), ("Div", ["v1", "v6"]),
    ])
    #expect(twice.map(\.nodes.count) == [8])
    let out = matches([
      ("ReduceMean", ["x"]), ("Sub", ["x", "v0"]), ("Mul", ["v1", "v1"]), ("ReduceMean", ["v2"]),
      ("Add", ["v3", "eps"]), ("Sqrt", ["v4"]), ("Reciprocal", ["v5"]), ("Mul", ["v6", "gamma"]),
      ("Mul", ["x", "v7"]), ("Mul", ["v0", "v7"]), ("Sub", ["beta", "v9"]), ("Add", ["v8", "v10"]),
    ])
    #expect(
      out.map(\.kind)
        == [.layerNormalization(axes: [-1], epsilon: 1e-5, scale: "gamma", bias: "beta")])
    #expect(out.first?.nodes.count == 12)
  }

  @Test(arguments: ["Pow", "Mul"]) func layerNormalizationChains(square: String) {
    let found = matches([
      ("ReduceMean", ["x"]), ("Sub", ["x", "v0"]),
      (square, ["v1", square == "Pow" ? "two" : "v1"]),
      ("ReduceMean", ["v2"]), ("Add", ["v3", "eps"]), ("Sqrt", ["v4"]), ("Div", ["v1", "v5"]),
      ("Mul", ["v6", "gamma"]), ("Add", ["v7", "beta"]),
    ])
    #expect(
      found.map(\.kind) == [
        .layerNormalization(axes: [-1], epsilon: 1e-5, scale: "gamma", bias: "beta")
      ])
    #expect(found.first?.nodes.count == 9)
    #expect(found.first?.input == "x")
  }

  @Test func layerNormalizationWithoutScaleAndBias() {
    let found = matches([
      ("ReduceMean", ["x"]), ("Sub", ["x", "v0"]), ("Pow", ["v1", "two"]), ("ReduceMean", ["v2"]),
      ("Add", ["v3", "eps"]), ("Sqrt", ["v4"]), ("Div", ["v1", "v5"]),
    ])
    #expect(
      found.map(\.kind) == [
        .layerNormalization(axes: [-1], epsilon: 1e-5, scale: nil, bias: nil)
      ])
  }

  @Test func arithmeticAfterAnActivationIsAffine() {
    let found = matches([
      ("HardSigmoid", ["x"]), ("Mul", ["v0", "x"]), ("Mul", ["two", "v1"]),
      ("Add", ["v2", "three"]),
    ])
    #expect(found.map(\.kind) == [.hardSwish, .affine(scale: 2, offset: 3)])
    #expect(found.last?.input == "v1")
  }

  @Test func anAffineChainKeepsItsOrder() {
    let found = matches([
      ("Add", ["x", "three"]), ("Mul", ["v0", "two"]), ("Sub", ["one", "v1"]),
    ])
    #expect(found.map(\.kind) == [.affine(scale: -2, offset: -5)])
  }

  static let others: [[(String, [String])]] = [
    [
      ("Add", ["x", "two"]), ("Clip", ["v0", "zero", "six"]), ("Mul", ["x", "v1"]),
      ("Div", ["v2", "six"]),
    ],
    [("Sigmoid", ["x"]), ("Neg", ["x"]), ("Mul", ["v1", "v0"])],
    [("Clip", ["x", "zero", "six"])],
    [("Mul", ["x", "two"])],
    [("Add", ["x", "gamma"]), ("Mul", ["v0", "beta"])],
    [("Sigmoid", ["x"]), ("Mul", ["x", "v0"]), ("Add", ["v1", "v0"])],
  ]

  @Test(arguments: others.indices) func lookalikesAreNone(index: Int) {
    #expect(matches(Self.others[index]).isEmpty)
  }
}
