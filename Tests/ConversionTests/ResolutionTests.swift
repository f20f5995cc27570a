import Conversion
import Graphs
import OrderedCollections
import Quantization
import Testing

@Suite struct ResolutionTests {
  private func change(_ edit: (inout QConfigChange) -> Void) -> QConfigChange {
    var change = QConfigChange()
    edit(&change)
    return change
  }

  private var keepFloat: QConfigChange { change { $0.precision = .float32 } }

  @Test func everythingThatCanIsInt8ByDefault() throws {
    let layers = try fixture("digits8_cnn")
    let resolution = try layers.resolve(Recipe(target: .onednn))
    #expect(resolution.int8Layers == layers.layers.map(\.id))
    #expect(resolution.quantizedEdges == Array(layers.edges.keys))
    #expect(resolution.unmatchedRules.isEmpty)
  }

  @Test func movedCodesShareTheParametersOfTheirSource() throws {
    let resolution = try fixture("digits8_cnn").resolve(Recipe(target: .onednn))
    let flat = try #require(resolution.edges["/14/Flatten_output_0"])
    #expect(flat.representative == "/12/Relu_output_0")
    #expect(
      flat.group == ["/12/Relu_output_0", "/13/MaxPool_output_0", "/14/Flatten_output_0"])
    #expect(!resolution.representatives.contains("/13/MaxPool_output_0"))
  }

  @Test func joinedTensorsTakeTheParametersOfTheJoin() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "a", name: "left")
    sketch.convolution("x", "b", name: "right")
    sketch.node("Concat", ["a", "b"], "c", name: "join", ["axis": .int(1)])
    sketch.convolution("c", "y", name: "head", channels: (8, 2))
    let resolution = try sketch.layers().resolve(Recipe(target: .onednn))
    for edge in ["a", "b", "c"] {
      #expect(resolution.edges[edge]?.representative == "c")
      #expect(resolution.edges[edge]?.group == ["a", "b", "c"])
    }
  }

  @Test func aLayerKeptInFloatLeavesItsNeighboursAlone() throws {
    var recipe = Recipe(target: .onednn)
    recipe.rules.append(Rule(.layer("/7/Conv"), keepFloat))
    let resolution = try fixture("digits8_cnn").resolve(recipe)
    #expect(resolution.layers["/7/Conv"]?.isInt8 == false)
    #expect(resolution.layers["/6/MaxPool"]?.isInt8 == true)
    #expect(resolution.layers["/10/Conv"]?.isInt8 == true)
    // Codes arrive at the layer and leave behind it for the next.
    #expect(resolution.edges["/6/MaxPool_output_0"]?.isQuantized == true)
    #expect(resolution.edges["/9/Relu_output_0"]?.isQuantized == true)
  }

  @Test func movedValuesBetweenFloatLayersStayFloat() throws {
    var recipe = Recipe(target: .onednn)
    for layer in ["/3/Conv", "/7/Conv"] { recipe.rules.append(Rule(.layer(layer), keepFloat)) }
    let resolution = try fixture("digits8_cnn").resolve(recipe)
    #expect(resolution.layers["/6/MaxPool"]?.isInt8 == false)
    #expect(resolution.edges["/5/Relu_output_0"]?.isQuantized == false)
    #expect(resolution.edges["/6/MaxPool_output_0"]?.isQuantized == false)
  }

  @Test func valuesAreRoundedBeforeTheyMoveToInt8Layers() throws {
    var recipe = Recipe(target: .onednn)
    recipe.rules.append(Rule(.layer("/3/Conv"), keepFloat))
    let resolution = try fixture("digits8_cnn").resolve(recipe)
    #expect(resolution.layers["/6/MaxPool"]?.isInt8 == true)
    #expect(resolution.edges["/5/Relu_output_0"]?.isQuantized == true)
  }

  @Test func aRuleForOneTensorSpeaksForItsGroup() throws {
    var recipe = Recipe(target: .onednn)
    recipe.rules.append(
      Rule(
        .tensor("/13/MaxPool_output_0"),
        change { $0.activation.observer = .manual(lower: 0, upper: 4) }))
    let resolution = try fixture("digits8_cnn").resolve(recipe)
    let source = try #require(resolution.edges["/12/Relu_output_0"])
    #expect(source.scheme.observer == .manual(lower: 0, upper: 4))
    #expect(source.representative == "/12/Relu_output_0")
  }

  @Test func theInputOfTheGraphFollowsItsFirstReader() throws {
    var recipe = Recipe(target: .onednn)
    recipe.rules.append(Rule(.layer("/0/Conv"), change { $0.activation.type = .qint8 }))
    let resolution = try fixture("digits8_cnn").resolve(recipe)
    #expect(resolution.edges["input"]?.scheme.type == .qint8)
    #expect(resolution.edges["/5/Relu_output_0"]?.scheme.type == .quint8)
  }

  @Test func rulesWithoutAMatchAreReported() throws {
    var recipe = Recipe(target: .onednn)
    recipe.rules = [
      Rule(.operatorType("Conv"), keepFloat), Rule(.layer("/7/Convv"), keepFloat),
      Rule(.namePattern("/9.*/nothing"), keepFloat),
    ]
    let resolution = try fixture("digits8_cnn").resolve(recipe)
    #expect(resolution.unmatchedRules.map(\.number) == [2, 3])
    #expect(resolution.unmatchedRules.first?.nearest == "/7/Conv")
  }

  @Test func boundedFunctionsHaveFixedMaps() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "a", name: "conv")
    sketch.node("HardSigmoid", ["a"], "y", name: "gate")
    let resolution = try sketch.layers().resolve(Recipe(target: .qnnpack))
    #expect(resolution.edges["y"]?.scheme.observer == .fixed(scale: 1 / 256, zeroPoint: 0))
    #expect(resolution.edges["a"]?.scheme.observer == .histogram)
  }

  @Test func limitingKeepsChoicesAndFewerLayers() throws {
    let layers = try fixture("digits8_cnn")
    let full = try layers.resolve(Recipe(target: .qnnpack))
    let alone = layers.limit(full, to: ["/7/Conv"])
    #expect(alone.int8Layers.contains("/7/Conv"))
    #expect(!alone.int8Layers.contains("/3/Conv"))
    #expect(!alone.int8Layers.contains("/10/Conv"))
    #expect(alone.edges["/9/Relu_output_0"]?.isQuantized == true)
    #expect(alone.edges["input"]?.isQuantized == false)
    #expect(alone.layers["/7/Conv"]?.qconfig == full.layers["/7/Conv"]?.qconfig)
  }
}
