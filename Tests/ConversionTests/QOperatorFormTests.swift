import Conversion
import Graphs
import OrderedCollections
import Quantization
import Tensors
import Testing

@Suite struct QOperatorFormTests {
  private func form(
    _ layers: LayerGraph, scale: Float = 0.01, zeroPoint: Int32 = 128
  ) throws -> QOperatorForm {
    let resolution = try layers.resolve(Recipe(target: .onednn))
    let conversion = try Converter.convert(
      layers, resolution,
      edgeParameters: plainParameters(resolution, scale: scale, zeroPoint: zeroPoint))
    return QOperatorForm(conversion.model)
  }

  private func form(of sketch: Sketch, zeroPoint: Int32 = 128) throws -> QOperatorForm {
    try form(try LayerGraph(model: sketch.model), zeroPoint: zeroPoint)
  }

  @Test(arguments: ["digits8_cnn", "mnist_mobilenet", "toy_conv_conv"])
  func theGraphIsValidAndKeepsItsInputsAndOutputs(name: String) throws {
    let layers = try fixture(name)
    let form = try form(layers)
    try form.model.graph.validate()
    #expect(form.model.graph.inputs == layers.model.graph.inputs)
    #expect(form.model.graph.outputs == layers.model.graph.outputs)
    #expect(form.counts["QLinearConv"] ?? 0 > 0)
    #expect(!form.model.graph.nodes.contains { $0.is("Conv") || $0.is("Gemm") })
    // Nothing is left of the real values between layers.
    #expect(form.model.graph.nodes.count { $0.is("QuantizeLinear") } == 1)
  }

  @Test func operatorsKeepTheIdsAndNamesOfTheirLayers() throws {
    let layers = try fixture("digits8_cnn")
    let graph = try form(layers).model.graph
    let ids = Set(graph.nodes.map(\.id))
    for layer in layers.layers where layer.weight != nil { #expect(ids.contains(layer.main)) }
  }

  @Test func theOtherDomainIsImportedOnlyWhereItIsUsed() throws {
    var sketch = Sketch(input: [1, 4, 5, 5], output: "y")
    sketch.convolution("x", "y", name: "conv")
    #expect(try form(of: sketch).model.opsets["com.microsoft"] == nil)
    sketch.graph.outputs[0].name = "z"
    sketch.node("Add", ["y", "x"], "z", name: "sum")
    #expect(try form(of: sketch).model.opsets["com.microsoft"] == 1)
  }

  @Test func aClampInsideTheRangeOfCodesClampsCodes() throws {
    var sketch = Sketch(input: [1, 4, 5, 5], output: "y")
    sketch.convolution("x", "c", name: "conv")
    sketch.node("Relu", ["c"], "y", name: "relu")
    let graph = try form(of: sketch).model.graph
    let clip = try #require(graph.nodes.first { $0.is("Clip") })
    #expect(graph.constant(clip.inputs[1]) == .scalar(UInt8(128)))
    #expect(graph.constant(clip.inputs[2]) == .scalar(UInt8(255)))
    #expect(clip.outputs == ["y_quantized"])
    // Zero is the least code: the clamp is implied.
    #expect(try !form(of: sketch, zeroPoint: 0).model.graph.nodes.contains { $0.is("Clip") })
  }

  @Test func whatOnlyMovesValuesMovesCodes() throws {
    var sketch = Sketch(input: [1, 4, 5, 5], output: "y")
    sketch.convolution("x", "c", name: "conv")
    sketch.node("Transpose", ["c"], "t", name: "turn", ["perm": .ints([0, 2, 3, 1])])
    sketch.node("MaxPool", ["t"], "y", name: "pool", ["kernel_shape": .ints([2, 2])])
    let graph = try form(of: sketch).model.graph
    let names = graph.nodes.map(\.operatorName.name)
    #expect(
      names == ["QuantizeLinear", "QLinearConv", "Transpose", "MaxPool", "DequantizeLinear"])
  }

  @Test(arguments: [0, 1])
  func aMeanOverTheImageIsAGlobalAverage(keepsAxes: Int64) throws {
    var sketch = Sketch(input: [1, 4, 5, 5], output: "y")
    sketch.convolution("x", "c", name: "conv")
    sketch.node(
      "ReduceMean", ["c"], "y", name: "mean",
      ["axes": .ints([-1, -2]), "keepdims": .int(keepsAxes)])
    let names = try form(of: sketch).model.graph.nodes.map(\.operatorName.name)
    #expect(
      names == ["QuantizeLinear", "QLinearConv", "QLinearGlobalAveragePool"]
        + (keepsAxes == 0 ? ["Flatten"] : []) + ["DequantizeLinear"])
  }

  @Test func whatHasNoOperatorOnCodesKeepsItsQuantizers() throws {
    var sketch = Sketch(input: [1, 4, 5, 5], output: "y")
    sketch.convolution("x", "c", name: "conv")
    sketch.node("HardSwish", ["c"], "h", name: "act")
    sketch.convolution("h", "y", name: "next")
    let graph = try form(of: sketch).model.graph
    #expect(
      graph.nodes.map(\.operatorName.name) == [
        "QuantizeLinear", "QLinearConv", "DequantizeLinear", "HardSwish", "QuantizeLinear",
        "QLinearConv", "DequantizeLinear",
      ])
  }

  /// A value that somebody reads in float is still made.
  @Test func valuesThatAreReadInFloatStay() throws {
    var sketch = Sketch(input: [1, 4, 5, 5], output: "y")
    sketch.convolution("x", "c", name: "conv")
    sketch.node("Softmax", ["c"], "y", name: "softmax")
    let graph = try form(of: sketch).model.graph
    #expect(
      graph.nodes.map(\.operatorName.name) == [
        "QuantizeLinear", "QLinearConv", "DequantizeLinear", "Softmax",
      ])
  }
}
