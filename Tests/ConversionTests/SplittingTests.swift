import Conversion
import Graphs
import OrderedCollections
import Quantization
import Tensors
import Testing

/// Layers that a recipe splits into their operators.
@Suite struct SplittingTests {
  private func recipe(_ rules: String...) throws -> Recipe {
    Recipe(target: .onednn, rules: try rules.map { try Rule(parsing: $0) })
  }

  /// Two convolutions with clamps, and a product with a bias and a clamp.
  private func sketch() -> Sketch {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "a", name: "first", bias: [1, 2, 3, 4])
    sketch.node("Relu", ["a"], "b", name: "relu")
    sketch.convolution("b", "c", name: "second")
    sketch.node("Relu", ["c"], "d", name: "other")
    sketch.weight("w", [3, 5])
    sketch.constant("bias", Tensor([1, 2, 3, 4, 5] as [Float]))
    sketch.node("MatMul", ["d", "w"], "e", name: "product")
    sketch.node("Add", ["e", "bias"], "f", name: "add")
    sketch.node("Relu", ["f"], "y", name: "last")
    return sketch
  }

  @Test func aSplitLayerIsALayerForEachOperator() throws {
    let whole = try sketch().layers()
    #expect(whole.layers.map(\.id) == ["first", "second", "product"])
    #expect(whole.layers.map(\.partCount) == [2, 2, 3])
    let split = try whole.grouped(by: recipe("layer=first:fuse=false"))
    #expect(split.split == ["first"])
    #expect(split.layers.map(\.id) == ["first", "relu", "second", "product"])
    #expect(split.layers.map(\.title).prefix(3) == ["Conv (split)", "Relu (split)", "Conv+Relu"])
    #expect(split.layers.map(\.splitFrom) == ["first", "first", nil, nil])
    #expect(split["relu"]?.role == .quantizable)
    // All that was observed before still has its name.
    #expect(Set(split.observedEdges) == Set(whole.observedEdges).union(["a"]))
  }

  @Test func everyScopeSplits() throws {
    let whole = try sketch().layers()
    #expect(try whole.grouped(by: recipe("op=Conv:fuse=false")).split == ["first", "second"])
    let all = try whole.grouped(by: recipe("all:fuse=false"))
    #expect(
      all.layers.map(\.id)
        == ["first", "relu", "second", "other", "product", "add", "last"])
    #expect(all["product"]?.bias == nil)
    let some = try whole.grouped(by: recipe("all:fuse=false", "layer=second:fuse=true"))
    #expect(some.split == ["first", "product"])
  }

  @Test func joiningGivesTheSameLayersBack() throws {
    let whole = try sketch().layers()
    let split = try whole.grouped(by: recipe("all:fuse=false"))
    let joined = try split.grouped(by: recipe("all:fuse=true"))
    #expect(joined.layers == whole.layers)
    #expect(joined.edges == whole.edges)
    // From one split to another, too.
    let other = try split.grouped(by: recipe("layer=second:fuse=false"))
    #expect(other.layers == (try whole.grouped(by: recipe("layer=second:fuse=false"))).layers)
  }

  @Test func chainsOfFunctionsComeApart() throws {
    var sketch = Sketch(input: [1, 4], output: "y")
    sketch.constant("half", .scalar(0.5 as Float))
    sketch.node("Mul", ["x", "half"], "a", name: "scale")
    sketch.node("Tanh", ["a"], "b", name: "tanh")
    sketch.node("Mul", ["b", "half"], "c", name: "shrink")
    sketch.node("Sigmoid", ["c"], "y", name: "sigmoid")
    let whole = try sketch.layers()
    let rules = whole.layers.map { "layer=\($0.id):fuse=false" }
    let split = try whole.grouped(
      by: Recipe(target: .onednn, rules: try rules.map { try Rule(parsing: $0) }))
    #expect(split.layers.map(\.id) == ["scale", "tanh", "shrink", "sigmoid"])
    #expect(split.layers.allSatisfy { $0.nodes.count == 1 })
  }

  /// Nodes without names are named by copies; a split must not move those names.
  @Test func namesStayWhereTheyWere() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "a", name: "conv")
    sketch.node("Relu", ["a"], "b", name: "conv")
    sketch.weight("v", [4, 4, 1, 1])
    sketch.node("Conv", ["b", "v"], "y", name: "conv")
    let whole = try sketch.layers()
    #expect(whole.layers.map(\.id) == ["conv", "conv#2"])
    let split = try whole.grouped(by: recipe("layer=conv:fuse=false"))
    #expect(split.layers.map(\.id) == ["conv", "conv#3", "conv#2"])
  }

  @Test func everyPartIsRoundedOnItsOwn() throws {
    let whole = try sketch().layers()
    let recipe = try recipe("layer=first:fuse=false")
    let layers = try whole.grouped(by: recipe)
    let resolution = try layers.resolve(recipe)
    #expect(resolution.edges["a"]?.isQuantized == true)
    #expect(resolution.unmatchedRules.isEmpty)
    var parameters = plainParameters(resolution)
    let conversion = try Converter.convert(layers, resolution, edgeParameters: parameters)
    let relu = try #require(conversion.nodes("Relu").first { $0.name == "relu" })
    #expect(conversion.producer(of: relu.inputs[0])?.is("DequantizeLinear") == true)
    #expect(
      conversion.operators["first"]
        == [
          "DequantizeLinear (constant)", "DequantizeLinear (constant)", "Conv", "QuantizeLinear",
          "DequantizeLinear",
        ])
    #expect(conversion.operators["relu"] == ["Relu", "QuantizeLinear", "DequantizeLinear"])
    // What was never observed is refused by name.
    parameters["a"] = nil
    #expect(throws: ConversionError.unobserved(edge: "a", layer: "first")) {
      try Converter.convert(layers, resolution, edgeParameters: parameters)
    }
  }
}
