import Conversion
import Graphs
import Quantization
import Tensors
import Testing

/// Which spelled-out normalizations stay in float, and what around them does not.
@Suite struct StatisticNodesTests {
  /// `x → (x − mean) · (variance + ε)^-½` over the second axis, as JAX spells it; then a product.
  private func normalization() throws -> LayerGraph {
    var sketch = Sketch(input: [2, 6], output: "y")
    sketch.constant("axes", Tensor([Int64(1)]))
    sketch.constant("share", Tensor([Float(1) / 6]))
    sketch.constant("epsilon", Tensor([Float(1e-6)]))
    sketch.constant("zero", Tensor([Float(0)]))
    sketch.weight("w", [6, 4])
    sketch.node("ReduceSum", ["x", "axes"], "sum")
    sketch.node("Mul", ["x", "x"], "square")
    sketch.node("ReduceSum", ["square", "axes"], "squares")
    sketch.node("Mul", ["sum", "share"], "mean")
    sketch.node("Mul", ["squares", "share"], "power")
    sketch.node("Mul", ["mean", "mean"], "mean2")
    sketch.node("Sub", ["power", "mean2"], "variance")
    sketch.node("Max", ["variance", "zero"], "floor")
    sketch.node("Add", ["floor", "epsilon"], "safe")
    sketch.node("Sqrt", ["safe"], "deviation")
    sketch.node("Reciprocal", ["deviation"], "factor")
    sketch.node("Sub", ["x", "mean"], "centred")
    sketch.node("Mul", ["centred", "factor"], "normal")
    sketch.node("MatMul", ["normal", "w"], "product")
    sketch.node("Tanh", ["product"], "y")
    return try sketch.layers()
  }

  @Test func aNormalizationIsLeftAloneAndItsNeighboursAreNot() throws {
    let layers = try normalization()
    for output in [
      "square", "mean", "power", "mean2", "variance", "floor", "safe", "deviation", "factor",
      "centred", "normal",
    ] {
      let layer = try #require(layers.layer(producing: output), "\(output)")
      #expect(
        layer.role
          == .float(reason: "it computes or applies a statistic, such as a mean or a variance"),
        "\(output)")
    }
    #expect(layers.layer(producing: "product")?.role == .quantizable)
    #expect(layers.layer(producing: "y")?.role == .quantizable)
  }

  @Test func aSpelledOutSoftmaxIsLeftAlone() throws {
    var sketch = Sketch(input: [2, 6], output: "y")
    sketch.constant("axes", Tensor([Int64(1)]))
    sketch.node("ReduceMax", ["x"], "most", ["axes": .ints([1])])
    sketch.node("Sub", ["x", "most"], "less")
    sketch.node("Exp", ["less"], "powers")
    sketch.node("ReduceSum", ["powers", "axes"], "sum")
    sketch.node("Div", ["powers", "sum"], "y")
    let layers = try sketch.layers()
    #expect(layers.layers.allSatisfy { $0.role != .quantizable })
  }

  /// Squeeze and excite: a mean, but products lie between it and what it scales.
  @Test func aMeanBeforeProductsIsNoStatistic() throws {
    var sketch = Sketch(input: [1, 4, 6, 6], output: "y")
    sketch.convolution("x", "a", name: "conv")
    sketch.node("ReduceMean", ["a"], "mean", ["axes": .ints([2, 3])])
    sketch.convolution("mean", "b", name: "squeeze")
    sketch.node("Sigmoid", ["b"], "gate")
    sketch.node("Mul", ["a", "gate"], "y")
    let layers = try sketch.layers()
    #expect(layers.layer(producing: "y")?.role == .quantizable)
    #expect(layers.layer(producing: "gate")?.role == .quantizable)
  }

  /// A square that is used otherwise, too, is a layer like others.
  @Test func aSquareAloneIsQuantized() throws {
    var sketch = Sketch(input: [2, 6], output: "y")
    sketch.weight("w", [6, 4])
    sketch.node("Mul", ["x", "x"], "square")
    sketch.node("MatMul", ["square", "w"], "y")
    #expect(try sketch.layers().layer(producing: "square")?.role == .quantizable)
  }

  /// Numbers and biases with as many dimensions as what they meet, as JAX writes them.
  @Test func constantsOfHigherRankAreRecognized() throws {
    var sketch = Sketch(input: [2, 3, 6], output: "y")
    sketch.weight("w", [6, 4])
    sketch.weight("bias", [1, 1, 4])
    for (name, value) in [("third", Float(0.044715)), ("root", 0.7978846), ("half", 0.5)] {
      sketch.constant(name, Tensor([value]))
    }
    sketch.constant("one", Tensor([Float(1)], shape: [1, 1, 1]))
    sketch.node("MatMul", ["x", "w"], "product")
    sketch.node("Add", ["product", "bias"], "v")
    sketch.node("Mul", ["third", "v"], "a")
    sketch.node("Mul", ["v", "a"], "b")
    sketch.node("Mul", ["v", "b"], "cube")
    sketch.node("Add", ["v", "cube"], "sum")
    sketch.node("Mul", ["root", "sum"], "argument")
    sketch.node("Tanh", ["argument"], "t")
    sketch.node("Add", ["one", "t"], "shifted")
    sketch.node("Mul", ["half", "shifted"], "gate")
    sketch.node("Mul", ["v", "gate"], "y")
    let layers = try sketch.layers()
    #expect(layers.layers.map(\.title) == ["MatMul+Add", "GELU"])
  }

  /// A constant that could add a dimension is not taken for a number.
  @Test func aConstantOfUnknownRankIsNot() throws {
    var sketch = Sketch(input: [6], output: "y")
    sketch.constant("one", Tensor([Float(1)], shape: [1, 1, 1]))
    sketch.constant("two", Tensor([Float(2)], shape: [1, 1, 1]))
    sketch.node("Add", ["x", "one"], "a")
    sketch.node("Mul", ["a", "two"], "y")
    #expect(sketch.model.graph.patternMatches().count { $0.nodes.count == 2 } == 0)
  }
}
