import Conversion
import Graphs
import OrderedCollections
import Quantization
import Tensors
import Testing

@Suite struct ConverterTests {
  private func convert(
    _ layers: LayerGraph, _ recipe: Recipe = Recipe(target: .onednn), scale: Float = 0.01,
    zeroPoint: Int32 = 128
  ) throws -> Conversion {
    let resolution = try layers.resolve(recipe)
    return try Converter.convert(
      layers, resolution,
      edgeParameters: plainParameters(resolution, scale: scale, zeroPoint: zeroPoint))
  }

  private func keepFloat(_ layer: String) -> Rule {
    var change = QConfigChange()
    change.precision = .float32
    return Rule(.layer(layer), change)
  }

  @Test func inputsAndOutputsKeepTheirNamesAndTypes() throws {
    let layers = try fixture("digits8_cnn")
    let conversion = try convert(layers)
    #expect(conversion.model.graph.inputs == layers.model.graph.inputs)
    #expect(conversion.model.graph.outputs == layers.model.graph.outputs)
    #expect(conversion.producer(of: "logits")?.is("DequantizeLinear") == true)
    #expect(conversion.places["logits"]?.real == "logits_float")
    #expect(conversion.model.opset >= 13)
  }

  @Test(arguments: ["digits8_cnn", "mnist_mobilenet", "toy_conv_conv"])
  func theGraphIsValidAndEveryLayerReadsCodes(name: String) throws {
    let layers = try fixture(name)
    let conversion = try convert(layers)
    try conversion.model.graph.validate()
    let index = GraphIndex(conversion.model.graph)
    for layer in layers.layers {
      let main = try #require(index.node(layer.main))
      for input in main.inputs.prefix(layer.weight == nil ? layer.inputs.count : 3) {
        #expect(index.producer(of: input)?.is("DequantizeLinear") == true, "\(layer.id) \(input)")
      }
    }
  }

  @Test func weightsAreStoredOncePerChannelWithTheirAxis() throws {
    let layers = try fixture("digits8_cnn")
    let conversion = try convert(layers)
    let graph = conversion.model.graph
    #expect(graph.constant("7.weight") == nil)
    #expect(graph.constant("7.weight_quantized")?.elementType == .int8)
    #expect(graph.constant("7.weight_scale")?.shape == [32])
    #expect(
      graph.constant("7.weight_zero_point")?.array(of: Int8.self).allSatisfy { $0 == 0 } == true)
    let dequantize = try #require(conversion.producer(of: "7.weight_dequantized"))
    #expect(dequantize.int("axis") == 0)
    #expect(conversion.weightParameters["/7/Conv"]?.channels.count == 32)
  }

  @Test func biasesAreCodesOfTheProductOfScales() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "y", name: "conv", channels: (4, 2), bias: [0.5, -1.25])
    let conversion = try convert(try sketch.layers())
    let weights = try #require(conversion.weightParameters["conv"])
    let scales = try #require(conversion.model.graph.constant("conv.bias_scale")).floats
    let codes = try #require(conversion.model.graph.constant("conv.bias_quantized"))
    #expect(scales == weights.channels.map { 0.01 * $0.scale })
    #expect(
      codes.array(of: Int32.self)
        == zip([0.5, -1.25], scales).map { Int32(($0 / Double($1)).rounded(.toNearestOrEven)) })
    let zeroPoints = try #require(conversion.model.graph.constant("conv.bias_zero_point"))
    #expect(zeroPoints.array(of: Int32.self) == [0, 0])
    #expect(conversion.producer(of: "conv.bias_dequantized")?.inputs.count == 3)
  }

  @Test func perTensorWeightsHaveScalarParameters() throws {
    var recipe = Recipe(target: .qnnpack)
    recipe.rules = []
    let conversion = try convert(try fixture("digits8_cnn"), recipe)
    #expect(conversion.model.graph.constant("7.weight_scale")?.shape == .scalar)
    #expect(conversion.producer(of: "7.weight_dequantized")?.int("axis") == nil)
  }

  @Test(arguments: [
    // Codes 0...255 cover 0...2.55: below zero and above 6 nothing can be told apart.
    (Float(0.01), Int32(0), Float(6), true),
    // Zero lies inside the codes, so negative values would get codes of their own.
    (Float(0.01), Int32(10), Float(6), false),
    // 0...10.2 reaches beyond the clamp.
    (Float(0.04), Int32(0), Float(6), false),
    (Float(0.04), Int32(0), Float.infinity, true),
  ])
  func clampsGoWhenRoundingClampsAtTheSameValues(
    scale: Float, zeroPoint: Int32, upper: Float, isRemoved: Bool
  ) throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "a", name: "conv")
    sketch.constant("low", .scalar(Float(0)))
    sketch.constant("high", .scalar(upper))
    sketch.node(
      upper.isFinite ? "Clip" : "Relu", upper.isFinite ? ["a", "low", "high"] : ["a"], "y")
    let conversion = try convert(try sketch.layers(), scale: scale, zeroPoint: zeroPoint)
    let clamps = conversion.nodes("Clip").count + conversion.nodes("Relu").count
    #expect(clamps == (isRemoved ? 0 : 1))
    let quantize = try #require(conversion.nodes("QuantizeLinear").last)
    #expect(quantize.inputs[0] == "y_float")
    let source = try #require(conversion.producer(of: "y_float"))
    #expect(source.is(isRemoved ? "Conv" : (upper.isFinite ? "Clip" : "Relu")))
  }

  @Test func floatReadersOfAnInt8LayerReadTheRoundedValue() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "a", name: "conv")
    sketch.node("Softmax", ["a"], "y", name: "softmax")
    let conversion = try convert(try sketch.layers())
    #expect(conversion.nodes("Softmax").first?.inputs == ["a_dequantized"])
    #expect(conversion.producer(of: "y")?.is("Softmax") == true)
    #expect(conversion.observableName(of: "a") == "a_dequantized")
    #expect(conversion.observableName(of: "y") == "y")
  }

  @Test func floatReadersOfAFloatLayerReadTheExactValue() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.node("Softmax", ["x"], "a", name: "softmax")
    sketch.convolution("a", "b", name: "conv")
    sketch.node("Softmax", ["a"], "c", name: "other")
    sketch.node("Add", ["b", "c"], "y", name: "sum")
    let conversion = try convert(
      try sketch.layers(), Recipe(target: .onednn, rules: [keepFloat("sum")]))
    #expect(conversion.nodes("Conv").first?.inputs.first == "a_dequantized")
    #expect(conversion.nodes("Softmax").map { $0.inputs[0] } == ["x", "a"])
    #expect(conversion.nodes("Add").first?.inputs == ["b_dequantized", "c"])
    #expect(conversion.observableName(of: "a") == "a")
  }

  @Test func aModelInFloatIsLeftAsItIs() throws {
    let layers = try fixture("digits8_cnn")
    var change = QConfigChange()
    change.precision = .float32
    let conversion = try convert(layers, Recipe(target: .onednn, rules: [Rule(.global, change)]))
    #expect(conversion.model.graph.nodes == layers.model.graph.nodes)
    #expect(conversion.edgeParameters.isEmpty)
    #expect(conversion.sizes.floatByteCount == conversion.sizes.quantizedByteCount)
  }

  @Test func tiedWeightsStayTied() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.weight("shared", [4, 4, 1, 1])
    sketch.node("Conv", ["x", "shared"], "a", name: "first")
    sketch.node("Conv", ["a", "shared"], "y", name: "second")
    let conversion = try convert(try sketch.layers())
    let convolutions = conversion.nodes("Conv")
    #expect(convolutions.count == 2)
    #expect(convolutions[0].inputs[1] == convolutions[1].inputs[1])
    #expect(
      conversion.model.graph.initializers.keys.filter { $0.hasSuffix("_quantized") } == [
        "shared_quantized"
      ])
    #expect(
      conversion.notes.contains(.weightShared(initializer: "shared", layers: ["first", "second"])))
  }

  @Test func tiedWeightsUnderDifferentSchemesAreTwoCopies() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.weight("shared", [4, 4, 1, 1])
    sketch.node("Conv", ["x", "shared"], "a", name: "first")
    sketch.node("Conv", ["a", "shared"], "y", name: "second")
    var perTensor = QConfigChange()
    perTensor.weight.granularity = .perTensor
    let conversion = try convert(
      try sketch.layers(), Recipe(target: .onednn, rules: [Rule(.layer("second"), perTensor)]))
    let convolutions = conversion.nodes("Conv")
    #expect(convolutions[0].inputs[1] != convolutions[1].inputs[1])
    try conversion.model.graph.validate()
  }

  @Test func anUnobservedTensorCannotBeConverted() throws {
    let layers = try fixture("digits8_cnn")
    let resolution = try layers.resolve(Recipe(target: .onednn))
    var parameters = plainParameters(resolution)
    parameters["/9/Relu_output_0"] = nil
    let incomplete = parameters
    #expect(throws: ConversionError.unobserved(edge: "/9/Relu_output_0", layer: "/7/Conv")) {
      try Converter.convert(layers, resolution, edgeParameters: incomplete)
    }
  }

  @Test func aBiasTooLargeForItsWeightsRaisesTheirScale() throws {
    var sketch = Sketch(input: [1, 1, 2, 2], output: "y")
    sketch.constant("w", Tensor([1e-9, 0.5] as [Float], shape: [2, 1, 1, 1]))
    sketch.constant("b", Tensor([1000, 1000] as [Float]))
    sketch.node("Conv", ["x", "w", "b"], "y", name: "conv")
    var change = QConfigChange()
    change.weight.epsilon = 1e-12
    let conversion = try convert(
      try sketch.layers(), Recipe(target: .onednn, rules: [Rule(.global, change)]))
    #expect(conversion.notes.contains(.biasRepaired(layer: "conv", channels: [0])))
    let codes = try #require(conversion.model.graph.constant("b_quantized")).array(of: Int32.self)
    let scales = try #require(conversion.model.graph.constant("b_scale")).floats
    #expect(abs(Float(codes[0]) * scales[0] - 1000) < 1)
    #expect(codes[0] < Int32.max)
  }

  @Test func factorsOfAGemmGoIntoItsConstants() throws {
    var sketch = Sketch(input: [1, 4], output: "y")
    sketch.constant("w", Tensor([Float](repeating: 0.25, count: 8), shape: [4, 2]))
    sketch.constant("b", Tensor([3, 4] as [Float]))
    sketch.node(
      "Gemm", ["x", "w", "b"], "y", name: "fc", ["alpha": .float(2), "beta": .float(0.5)])
    let conversion = try convert(try sketch.layers())
    let gemm = try #require(conversion.nodes("Gemm").first)
    #expect(gemm.float("alpha") == nil)
    #expect(gemm.float("beta") == nil)
    let weights = try #require(conversion.weightParameters["fc"])
    #expect(weights.channels.allSatisfy { abs($0.scale - 0.5 / 127.5) < 1e-6 })
  }

  @Test func aProductWithBiasOfKnownRankBecomesAGemm() throws {
    var sketch = Sketch(input: [2, 4], output: "y")
    sketch.weight("w", [4, 3])
    sketch.constant("b", Tensor([1, 2, 3] as [Float]))
    sketch.node("MatMul", ["x", "w"], "a", name: "fc")
    sketch.node("Add", ["a", "b"], "y")
    let conversion = try convert(try sketch.layers())
    #expect(conversion.nodes("MatMul").isEmpty)
    #expect(conversion.nodes("Gemm").first?.inputs.last == "b_dequantized")
    #expect(conversion.nodes("Add").isEmpty)

    var deep = Sketch(input: [2, 5, 4], output: "y")
    deep.weight("w", [4, 3])
    deep.constant("b", Tensor([1, 2, 3] as [Float]))
    deep.node("MatMul", ["x", "w"], "a", name: "fc")
    deep.node("Add", ["a", "b"], "y")
    let other = try convert(try deep.layers())
    #expect(other.nodes("MatMul").count == 1)
    #expect(other.nodes("Add").first?.inputs == ["a", "b_dequantized"])
  }

  @Test func aGroupedTransposeHasOneScale() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.weight("w", [4, 3, 2, 2])
    sketch.constant("b", Tensor([Float](repeating: 1, count: 6)))
    sketch.node(
      "ConvTranspose", ["x", "w", "b"], "y", name: "up",
      ["group": .int(2), "strides": .ints([2, 2])])
    let conversion = try convert(try sketch.layers())
    #expect(conversion.weightParameters["up"]?.isPerChannel == false)
    #expect(conversion.model.graph.constant("b_quantized")?.shape == [6])
  }

  @Test func namesNeverClash() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "a", name: "conv")
    sketch.node("HardSwish", ["a"], "a_quantized", name: "odd")
    sketch.node("HardSigmoid", ["a_quantized"], "y", name: "gate")
    try convert(try sketch.layers()).model.graph.validate()
  }

  @Test func sizesCountConstants() throws {
    let sizes = try convert(try fixture("digits8_cnn")).sizes
    #expect(sizes.parameterCount == 20826)
    #expect(sizes.floatByteCount == 4 * sizes.parameterCount)
    #expect(Double(sizes.quantizedByteCount) < 0.3 * Double(sizes.floatByteCount))
  }
}
