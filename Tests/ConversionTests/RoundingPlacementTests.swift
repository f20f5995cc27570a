import Conversion
import Graphs
import OrderedCollections
import Quantization
import Tensors
import Testing

@Suite struct RoundingPlacementTests {
  private func convert(_ sketch: Sketch, _ recipe: Recipe) throws -> Conversion {
    let layers = try sketch.layers()
    let resolution = try layers.resolve(recipe)
    let parameters = resolution.representatives.map {
      ($0, QuantizationParameters(scale: 0.01, zeroPoint: 0, range: .int8))
    }
    return try Converter.convert(
      layers, resolution, edgeParameters: Dictionary(uniqueKeysWithValues: parameters))
  }

  private func symmetric(_ target: Target) -> Recipe {
    var change = QConfigChange()
    change.activation.symmetry = .symmetric
    return Recipe(target: target, rules: [Rule(.global, change)])
  }

  private var classifier: Sketch {
    var sketch = Sketch(input: [1, 4], output: "y")
    sketch.weight("w", [4, 3])
    sketch.node("MatMul", ["x", "w"], "m", name: "dense")
    sketch.node("Softmax", ["m"], "y", name: "softmax")
    return sketch
  }

  @Test(arguments: [Target.ort, .ortSigned]) func softmaxIsRoundedAsONNXRuntimeDoes(
    target: Target
  ) throws {
    let conversion = try convert(classifier, Recipe(target: target))
    #expect(conversion.nodes("QuantizeLinear").count == 3)
    #expect(conversion.producer(of: "y")?.is("DequantizeLinear") == true)
    let resolution = try classifier.layers().resolve(Recipe(target: target))
    #expect(resolution.edges["y"]?.scheme.observer == .manual(lower: 0, upper: 1))
    #expect(resolution.layers["softmax"]?.reason.contains("float32") == true)
  }

  @Test func otherTargetsLeaveSoftmaxExact() throws {
    let conversion = try convert(classifier, Recipe(target: .x86))
    #expect(conversion.producer(of: "y")?.is("Softmax") == true)
    #expect(conversion.nodes("QuantizeLinear").count == 2)
  }

  @Test func clampsBehindSymmetricActivationsAreRoundedOnBothSides() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "c", name: "conv")
    sketch.node("Relu", ["c"], "y", name: "relu")
    let conversion = try convert(sketch, symmetric(.ort))
    let relu = try #require(conversion.nodes("Relu").first)
    let before = try #require(conversion.producer(of: relu.inputs[0]))
    #expect(before.is("DequantizeLinear"))
    let after = try #require(conversion.producer(of: "y"))
    let constants = [before, after].map { node in
      node.inputs[1...].map { conversion.model.graph.constant($0) }
    }
    #expect(constants[0] == constants[1])

    let plain = try convert(sketch, symmetric(.x86))
    #expect(plain.producer(of: plain.nodes("Relu").first?.inputs[0] ?? "")?.is("Conv") == true)
  }

  @Test func averagesKeepTheParametersOfWhatTheyRead() throws {
    var sketch = Sketch(input: [1, 4, 6, 6], output: "y")
    sketch.convolution("x", "c", name: "conv")
    sketch.node("AveragePool", ["c"], "y", name: "pool", ["kernel_shape": .ints([2, 2])])
    let layers = try sketch.layers()
    let own = try layers.resolve(Recipe(target: .x86)).edges["y"]?.representative
    #expect(own == "y")
    let shared = try layers.resolve(Recipe(target: .ort)).edges["y"]?.representative
    #expect(shared == "c")
  }

  @Test func nothingIsMovedAsCodesBeforeTheFirstRoundedOperator() throws {
    var sketch = Sketch(input: [1, 2, 2], output: "y")
    sketch.node("Flatten", ["x"], "f", name: "flatten")
    sketch.weight("w", [4, 3])
    sketch.node("MatMul", ["f", "w"], "y", name: "dense")
    let layers = try sketch.layers()
    #expect(try layers.resolve(Recipe(target: .x86)).edges["x"]?.isQuantized == true)
    #expect(try layers.resolve(Recipe(target: .ort)).edges["x"]?.isQuantized == false)
  }

  @Test func fourBitWeightsAreStoredInBytesAndActivationsRefused() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "y", name: "conv")
    var recipe = Recipe(target: .ort)
    var change = QConfigChange()
    change.weight.type = .qint4
    recipe.rules = [Rule(.global, change)]
    let conversion = try convert(sketch, recipe)
    let codes = try #require(conversion.model.graph.constant("conv.weight_quantized"))
    let values = codes.array(of: Int8.self)
    #expect(values.allSatisfy { (-8...7).contains($0) } && values.contains(7))
    #expect(conversion.notes.contains { $0.description.contains("qint4") })

    let layers = try sketch.layers()
    let resolution = try layers.resolve(Recipe(target: .ort))
    let map = QuantizationParameters(
      scale: 1, zeroPoint: 0, range: QuantizedType.quint4.fullRange)
    let parameters = Dictionary(
      uniqueKeysWithValues: resolution.representatives.map { ($0, map) })
    #expect(throws: ConversionError.activationType(edge: "x", type: "quint4")) {
      try Converter.convert(layers, resolution, edgeParameters: parameters)
    }
  }

  /// `LayerNormalization(x + dense(attention(x)))`
  private var transformer: Sketch {
    var sketch = Sketch(input: [1, 6, 4], output: "y")
    sketch.constant("factor", .scalar(Float(0.5)))
    sketch.weight("w", [4, 4])
    sketch.weight("scale", [4])
    sketch.node("Transpose", ["x"], "turned", name: "turn", ["perm": .ints([0, 2, 1])])
    sketch.node("MatMul", ["x", "turned"], "scores", name: "product")
    sketch.node("Mul", ["scores", "factor"], "scaled", name: "factor")
    sketch.node("Softmax", ["scaled"], "shares", name: "softmax")
    sketch.node("MatMul", ["shares", "x"], "mixed", name: "mix")
    sketch.node("MatMul", ["mixed", "w"], "made", name: "dense")
    sketch.node("Add", ["x", "made"], "sum", name: "residual")
    sketch.node("LayerNormalization", ["sum", "scale"], "y", name: "norm")
    return sketch
  }

  @Test func transformersKeepScoresAndSumsReal() throws {
    let layers = try transformer.layers()
    #expect(layers.layers.filter(\.isResidual).map(\.id) == ["residual"])
    let resolution = try layers.resolve(Recipe(target: .x86))
    #expect(resolution.int8Layers == ["mix", "dense"])
    // The product is on codes, and what it makes is only added up.
    #expect(resolution.quantizedEdges == ["x", "shares", "mixed"])
    #expect(resolution.edges["shares"]?.scheme.observer == .minMax)
    let conversion = try convert(transformer, Recipe(target: .x86))
    #expect(conversion.producer(of: "sum")?.inputs == ["x", "made"])
    #expect(conversion.producer(of: "made")?.is("MatMul") == true)

    let rounded = try layers.resolve(
      Recipe(target: .x86, rules: [try Rule(parsing: "op=Residual:precision=static")]))
    #expect(rounded.int8Layers == ["mix", "dense", "residual"])
    #expect(rounded.quantizedEdges.contains("made"))
  }
}
