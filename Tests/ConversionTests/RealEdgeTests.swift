import Conversion
import Graphs
import OrderedCollections
import Quantization
import Testing

/// Boundaries set by hand, where values are real.
@Suite struct RealEdgeTests {
  private func sketch() -> Sketch {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "a", name: "first")
    sketch.convolution("a", "b", name: "second")
    sketch.node("MaxPool", ["a"], "c", name: "pool", ["kernel_shape": .ints([1, 1])])
    sketch.node("Add", ["b", "c"], "d", name: "sum")
    sketch.convolution("d", "y", name: "last")
    return sketch
  }

  private func resolve(_ layers: LayerGraph, _ rules: String...) throws -> Resolution {
    try layers.resolve(Recipe(target: .onednn, rules: try rules.map { try Rule(parsing: $0) }))
  }

  @Test func whatReadsARealTensorComputesInFloatAndSaysWhy() throws {
    let layers = try sketch().layers()
    let resolution = try resolve(layers, "tensor=a:precision=float32")
    #expect(resolution.int8Layers == ["first", "sum", "last"])
    #expect(
      resolution.layers["second"]?.reason
        == "its input 'a' is kept real, from rule 1 (tensor=a)")
    #expect(
      resolution.layers["pool"]?.reason == "its input 'a' is kept real, from rule 1 (tensor=a)")
    // As behind a DeQuantStub: the layer before it still ends in codes, the next begins with codes.
    #expect(resolution.edges["a"]?.isQuantized == true)
    #expect(resolution.edges["b"]?.isQuantized == true)
    let conversion = try Converter.convert(
      layers, resolution, edgeParameters: plainParameters(resolution))
    #expect(conversion.operators["second"] == ["Conv", "QuantizeLinear", "DequantizeLinear"])
    #expect(conversion.operators["pool"]?.first == "MaxPool")
  }

  @Test func aRealInputMovesTheFirstRoundingOn() throws {
    let layers = try sketch().layers()
    let resolution = try resolve(layers, "tensor=x:precision=float32")
    #expect(resolution.edges["x"]?.isQuantized == false)
    #expect(resolution.layers["first"]?.isInt8 == false)
    #expect(resolution.edges["a"]?.isQuantized == true)
  }

  @Test func aLaterRuleTakesItBackAndLayersInFloatAreNoBoundary() throws {
    let layers = try sketch().layers()
    let back = try resolve(
      layers, "tensor=a:precision=float32", "tensor=a:precision=int8")
    #expect(back.layers["second"]?.isInt8 == true)
    let float = try resolve(layers, "layer=first:precision=float32")
    #expect(float.edges["a"]?.ruleForReal == nil)
    #expect(float.layers["second"]?.isInt8 == true)
  }

  @Test func operatorsOfTheFileAreToldWithWhatWasFolded() throws {
    let layers = try fixture("mnist_mobilenet")
    let stem = try #require(layers.layers.first)
    #expect(layers.sourceOperators(of: stem) == ["Conv", "BatchNormalization", "Clip"])
  }
}
