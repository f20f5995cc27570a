import Conversion
import Graphs
import OrderedCollections
import Quantization
import Tensors
import Testing

/// Layers that are quantized dynamically or by their weights alone.
@Suite struct FloatEdgeTests {
  /// Two products from the same input, one of them transposed with a factor and a bias.
  private func products() -> Sketch {
    var sketch = Sketch(input: [2, 8], output: "y")
    sketch.weight("w", [8, 6])
    sketch.weight("v", [6, 8])
    sketch.constant("b", Tensor([1, 2, 3, 4, 5, 6] as [Float]))
    sketch.node("MatMul", ["x", "w"], "m", name: "first")
    sketch.node(
      "Gemm", ["x", "v", "b"], "g", name: "second",
      ["transB": .int(1), "alpha": .float(0.5), "beta": .float(2)])
    sketch.node("Relu", ["g"], "r", name: "relu")
    sketch.node("Add", ["m", "r"], "y", name: "sum")
    return sketch
  }

  private func converted(
    _ sketch: Sketch, _ rules: [String]
  ) throws -> (layers: LayerGraph, conversion: Conversion) {
    let layers = try LayerGraph(model: sketch.model)
    var recipe = Recipe(target: .x86)
    for text in rules {
      let rule = try Rule(parsing: text)
      recipe.set(rule.change, for: rule.scope)
    }
    let resolution = try layers.resolve(recipe)
    return (layers, try Converter.convert(layers, resolution, edgeParameters: [:]))
  }

  private func count(_ conversion: Conversion, _ name: String) -> Int {
    conversion.model.graph.nodes.count { $0.operatorName.name == name }
  }

  @Test func dynamicProductsShareWhatTheyQuantize() throws {
    let (layers, conversion) = try converted(products(), ["all:precision=dynamic"])
    #expect(count(conversion, "DynamicQuantizeLinear") == 1)
    #expect(count(conversion, "MatMulInteger") == 2)
    #expect(count(conversion, "MatMul") == 0 && count(conversion, "Gemm") == 0)
    // Times and errors are told by the node's id.
    let ids = Set(conversion.model.graph.nodes.filter { $0.is("MatMulInteger") }.map(\.id))
    #expect(ids == Set([layers["first"]?.main, layers["second"]?.main].compactMap { $0 }))
    let scaled = try #require(conversion.model.graph.constant("b_scaled"))
    #expect(scaled.floats == [2, 4, 6, 8, 10, 12])
    let weights = try #require(
      conversion.model.graph.nodes.first { $0.id == layers["second"]?.main }?.inputs[1])
    #expect(conversion.model.graph.constant(weights)?.shape == [8, 6])
    #expect(conversion.int8Layers.isEmpty)
  }

  @Test func whatHasNoWeightsStaysInFloatAndSaysWhy() throws {
    let layers = try LayerGraph(model: products().model)
    let resolution = try layers.resolve(
      Recipe(target: .x86, rules: [try Rule(parsing: "all:precision=dynamic")]))
    #expect(!resolution.needsCalibration)
    let choice = try #require(resolution.layers["sum"])
    #expect(choice.precision == .float32)
    #expect(choice.reason.contains("no weights"))
  }

  @Test(arguments: [("qint8", 0), ("qint4", 0), ("qint4", 32), ("quint4", 16)])
  func weightsAloneKeepTheOperators(type: String, group: Int) throws {
    let (_, conversion) = try converted(
      products(), ["all:precision=weightOnly,weight.type=\(type),weight.groupSize=\(group)"])
    #expect(count(conversion, "MatMul") == 1 && count(conversion, "Gemm") == 1)
    #expect(count(conversion, "DequantizeLinear") == 2)
    #expect(count(conversion, "QuantizeLinear") == 0)
    let gemm = try #require(conversion.model.graph.nodes.first { $0.is("Gemm") })
    #expect(gemm.float("alpha") == nil && gemm.float("beta") == 2)
    let codes = try #require(conversion.model.graph.constant("w_quantized"))
    #expect(codes.elementType.bitWidth == (type.hasSuffix("4") ? 4 : 8))
    #expect(conversion.model.opset == (type.hasSuffix("4") ? 21 : 17))
    let maps = try #require(conversion.model.graph.constant("w_scale"))
    #expect(maps.shape == (group == 0 ? [6] : [1, 6]))
  }

  @Test func oneModelMixesAllWays() throws {
    let layers = try LayerGraph(model: products().model)
    var recipe = Recipe(target: .x86)
    for text in ["layer=first:precision=dynamic", "layer=second:precision=weightOnly"] {
      let rule = try Rule(parsing: text)
      recipe.set(rule.change, for: rule.scope)
    }
    let resolution = try layers.resolve(recipe)
    #expect(
      ["first", "second", "sum"].map { resolution.layers[$0]?.precision }
        == [.dynamicInt8, .weightOnly, .staticInt8])
    #expect(resolution.edges["x"]?.isQuantized == false)
    #expect(resolution.edges["m"]?.isQuantized == true)
  }

  @Test func tablesAreLookedUpAsCodes() throws {
    var sketch = Sketch(input: [2, 3], output: "y")
    sketch.weight("table", [10, 4])
    sketch.graph.inputs = [
      ValueDeclaration(name: "x", elementType: .int64, dimensions: [.fixed(2), .fixed(3)])
    ]
    sketch.node("Gather", ["table", "x"], "rows", name: "embed")
    sketch.node("Relu", ["rows"], "y", name: "relu")
    let (layers, conversion) = try converted(
      sketch, ["op=Gather:precision=weightOnly", "op=Relu:precision=float32"])
    let gather = try #require(conversion.model.graph.nodes.first { $0.is("Gather") })
    #expect(gather.inputs[0] == "table_quantized")
    #expect(gather.id == layers["embed"]?.main)
    #expect(conversion.model.graph.constant("table_scale")?.shape.rank == 0)
  }

  @Test func anLSTMBecomesONNXRuntimesOperator() throws {
    var sketch = Sketch(input: [5, 1, 3], output: "y")
    sketch.weight("w", [1, 8, 3])
    sketch.weight("r", [1, 8, 2])
    sketch.node("LSTM", ["x", "w", "r"], "y", name: "lstm", ["hidden_size": .int(2)])
    let (_, conversion) = try converted(sketch, ["op=LSTM:precision=dynamic"])
    let node = try #require(conversion.model.graph.nodes.first)
    #expect(node.operatorName == OperatorName("DynamicQuantizeLSTM", domain: "com.microsoft"))
    #expect(node.inputs.count == 12)
    #expect(conversion.model.graph.constant(node.inputs[1])?.shape == [1, 3, 8])
    #expect(conversion.model.graph.constant(node.inputs[8])?.shape == [1, 8])
    #expect(conversion.model.opsets["com.microsoft"] == 1)
    let (_, perTensor) = try converted(
      sketch, ["op=LSTM:precision=dynamic,weight.granularity=perTensor"])
    let other = try #require(perTensor.model.graph.nodes.first)
    #expect(perTensor.model.graph.constant(other.inputs[8])?.shape == [1])
  }
}
