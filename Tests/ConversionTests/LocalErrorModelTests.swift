import Conversion
import Graphs
import Quantization
import Testing

@Suite struct LocalErrorModelTests {
  @Test func everyLayerWithArithmeticHasACopyBesideIt() throws {
    let layers = try fixture("digits8_cnn")
    let resolution = try layers.resolve(Recipe(target: .onednn))
    let local = try LocalErrorModel(
      layers, resolution, edgeParameters: plainParameters(resolution))
    try local.model.graph.validate()
    #expect(
      local.pairs.map(\.layer)
        == layers.layers.filter { $0.role == .quantizable }.map(\.id))
    let index = GraphIndex(local.model.graph)
    for pair in local.pairs {
      #expect(index.producer(of: pair.quantized)?.is("DequantizeLinear") == true)
      // The reference is the float model's own value.
      #expect(
        index.producer(of: pair.reference)?.id
          == GraphIndex(layers.model.graph).producer(of: pair.reference)?.id)
    }
  }

  @Test func floatLayersHaveNone() throws {
    let layers = try fixture("digits8_cnn")
    var change = QConfigChange()
    change.precision = .float32
    let resolution = try layers.resolve(
      Recipe(target: .onednn, rules: [Rule(.layer("/7/Conv"), change)]))
    let local = try LocalErrorModel(
      layers, resolution, edgeParameters: plainParameters(resolution))
    #expect(!local.pairs.map(\.layer).contains("/7/Conv"))
  }
}
