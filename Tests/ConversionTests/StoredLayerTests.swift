import Conversion
import Graphs
import OrderedCollections
import Quantization
import Tensors
import Testing

/// Models whose file is quantized already.
@Suite struct StoredLayerTests {
  private func conversion(_ layers: LayerGraph) throws -> Conversion {
    let resolution = try layers.resolve(Recipe(target: .onednn))
    return try Converter.convert(
      layers, resolution, edgeParameters: plainParameters(resolution))
  }

  @Test(arguments: ["digits8_cnn", "mnist_mobilenet"], ExportFormat.allCases)
  func everyLayerOfAConvertedModelIsKnownAsQuantized(name: String, format: ExportFormat) throws {
    let source = try fixture(name)
    let layers = try LayerGraph(model: conversion(source).model(in: format))
    for layer in source.layers where layer.weight != nil {
      let found = try #require(layers[layer.id], "\(layer.id) is gone")
      let stored = try #require(found.stored)
      #expect(stored.format == (format == .qdq ? .qdq : .qoperator))
      #expect(stored.output == StoredQuantization.Map(type: .uint8, scale: 0.01, zeroPoint: 128))
      let weights = try #require(stored.weights)
      #expect(weights.type == .int8)
      #expect(weights.scaleCount == layer.weight?.channelCount)
      let bias = layer.bias.flatMap { source.model.graph.constant($0) }?.elementCount ?? 0
      #expect(found.parameterCount == (layer.weight?.shape.elementCount ?? 0) + bias)
      guard case .float(let reason) = found.role else {
        Issue.record("\(layer.id) would be quantized again")
        continue
      }
      #expect(reason.hasPrefix("already quantized, \(stored.format.rawValue)"))
    }
    #expect(!layers.layers.contains { $0.role == .quantizable })
    #expect(layers.observedEdges.isEmpty)
  }

  /// No node belongs to two layers, and none is lost.
  @Test(arguments: ["digits8_cnn", "mnist_mobilenet", "toy_conv_conv"], ExportFormat.allCases)
  func everyNodeHasOnePlace(name: String, format: ExportFormat) throws {
    let layers = try LayerGraph(model: conversion(fixture(name)).model(in: format))
    let held = layers.layers.flatMap(\.nodes) + layers.shapeNodes
    #expect(Set(held).count == held.count)
    #expect(Set(held) == Set(layers.model.graph.nodes.map(\.id)))
  }

  @Test(arguments: ["digits8_cnn", "mnist_mobilenet"], ExportFormat.allCases)
  func convertingAgainChangesNothing(name: String, format: ExportFormat) throws {
    let layers = try LayerGraph(model: conversion(fixture(name)).model(in: format))
    let again = try conversion(layers)
    #expect(again.int8Layers.isEmpty)
    #expect(again.model.graph == layers.model.graph)
  }

  @Test func floatLayersBesideQuantizedOnesCanStillBeQuantized() throws {
    var sketch = Sketch(input: [1, 4, 5, 5], output: "y")
    sketch.constant("s", .scalar(Float(0.5)))
    sketch.constant("z", .scalar(UInt8(3)))
    sketch.node("QuantizeLinear", ["x", "s", "z"], "q")
    sketch.node("DequantizeLinear", ["q", "s", "z"], "d")
    sketch.convolution("d", "c", name: "first")
    sketch.convolution("c", "y", name: "second")
    let layers = try sketch.layers()
    #expect(layers["second"]?.role == .quantizable)
    #expect(layers["second"]?.stored == nil)
    let rounding = try #require(layers.layers.first { $0.stored != nil })
    #expect(
      rounding.stored?.output == StoredQuantization.Map(type: .uint8, scale: 0.5, zeroPoint: 3))
    let conversion = try conversion(layers)
    try conversion.model.graph.validate()
    #expect(conversion.int8Layers.contains("second"))
  }

  @Test func weightsInBlocksAreWeightOnly() throws {
    var sketch = Sketch(input: [2, 8], output: "y")
    sketch.constant("w", Tensor([Int8](repeating: 1, count: 32), shape: [8, 4]))
    sketch.constant("s", Tensor([Float](repeating: 0.5, count: 8), shape: [2, 4]))
    sketch.node(
      "DequantizeLinear", ["w", "s"], "d", ["axis": .int(0), "block_size": .int(4)])
    sketch.node("MatMul", ["x", "d"], "y", name: "product")
    let layer = try #require(try sketch.layers()["product"])
    #expect(layer.nodes.count == 2)
    #expect(layer.stored?.format == .weightOnly)
    #expect(layer.stored?.output == nil)
    #expect(layer.stored?.weights?.blockSize == 4)
    #expect(layer.stored?.shortForm == "float·int8/4")
    #expect(
      layer.stored?.reason
        == "already quantized, weight-only: int8 weights with 8 scales, one for every 4 weights")
  }

  @Test func dynamicQuantizationIsOneLayerPerProduct() throws {
    var sketch = Sketch(input: [2, 8], output: "y")
    sketch.constant("w", Tensor([Int8](repeating: 1, count: 32), shape: [8, 4]))
    sketch.constant("ws", .scalar(Float(0.25)))
    sketch.graph.append(
      OperatorName("DynamicQuantizeLinear"), name: "measure", inputs: ["x"],
      outputs: ["q", "s", "z"])
    sketch.node("Mul", ["s", "ws"], "unit", name: "unit")
    sketch.node("MatMulInteger", ["q", "w", "z"], "sums", name: "product")
    sketch.node("Cast", ["sums"], "reals", name: "cast", ["to": .int(1)])
    sketch.node("Mul", ["reals", "unit"], "y", name: "scaled")
    let layers = try sketch.layers()
    #expect(layers.layers.map(\.id) == ["measure", "product"])
    let product = try #require(layers["product"])
    #expect(product.title == "MatMulInteger+Cast+Mul")
    #expect(product.output == "y")
    #expect(product.stored?.format == .dynamic)
    #expect(product.stored?.weights?.scales == 0.25...0.25)
    #expect(product.stored?.shortForm == "dynamic·int8/t")
  }
}
