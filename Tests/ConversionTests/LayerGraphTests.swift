import Conversion
import Graphs
import OrderedCollections
import Tensors
import Testing

@Suite struct LayerGraphTests {
  @Test func classifierFallsIntoFusedLayers() throws {
    let layers = try fixture("digits8_cnn")
    #expect(
      layers.layers.map(\.title) == [
        "Conv+BN+Relu", "Conv+BN+Relu", "MaxPool", "Conv+BN+Relu", "Conv+BN+Relu", "MaxPool",
        "Flatten", "Gemm+Relu", "Gemm",
      ])
    #expect(layers.layers.filter { $0.role == .passThrough }.count == 3)
    #expect(layers.edges.count == 10)
    #expect(layers.observedEdges.first == "input")
    #expect(layers.edges["logits"]?.isGraphOutput == true)
  }

  @Test func idsAndScopesComeFromTheModel() throws {
    let layers = try fixture("mnist_mobilenet")
    let layer = try #require(layers["/b/b.0/d/d.0/Conv"])
    #expect(layer.path == ["b", "0", "d", "0", "Conv"])
    #expect(layer.title == "DepthwiseConv+BN+Clip")
    #expect(layer.weight?.isDepthwise == true)
    #expect(layers.layer(containing: layer.main) == layer)
    #expect(layers.layer(producing: layer.output) == layer)
  }

  @Test func repeatedAndMissingNamesStayApart() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "c")
    sketch.convolution("x", "a", name: "conv")
    sketch.convolution("a", "b", name: "conv")
    sketch.node("HardSwish", ["b"], "c")
    #expect(try sketch.layers().layers.map(\.id) == ["conv", "conv#2", "c"])
  }

  @Test func weightAxesFollowTheOperator() throws {
    var sketch = Sketch(input: [1, 4], output: "y")
    sketch.weight("w1", [4, 6])
    sketch.node("MatMul", ["x", "w1"], "a", name: "matmul")
    sketch.weight("w2", [3, 6])
    sketch.node("Gemm", ["a", "w2"], "b", name: "gemmT", ["transB": .int(1)])
    sketch.weight("w3", [3, 5])
    sketch.node("Gemm", ["b", "w3"], "y", name: "gemm")
    let axes = try sketch.layers().layers.compactMap(\.weight?.channelAxis)
    #expect(axes == [1, 0, 1])
    #expect(try fixture("toy_conv_conv").layers.compactMap(\.weight?.channelAxis) == [0, 0])
  }

  @Test func biasAfterAProductBelongsToIt() throws {
    var sketch = Sketch(input: [2, 4], output: "y")
    sketch.weight("w", [4, 3])
    sketch.constant("b", Tensor([1, 2, 3] as [Float]))
    sketch.node("MatMul", ["x", "w"], "a", name: "fc")
    sketch.node("Add", ["a", "b"], "s")
    sketch.node("Relu", ["s"], "y")
    let layers = try sketch.layers().layers
    #expect(layers.map(\.title) == ["MatMul+Add+Relu"])
    #expect(layers.first?.bias == "b")
  }

  @Test func aValueThatOthersReadEndsItsLayer() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.convolution("x", "a", name: "conv")
    sketch.node("Relu", ["a"], "r", name: "relu")
    sketch.node("Add", ["a", "r"], "y", name: "add")
    #expect(try sketch.layers().layers.map(\.title) == ["Conv", "Relu", "Add"])

    var visible = Sketch(input: [1, 4, 3, 3], output: "y")
    visible.addOutput("a")
    visible.convolution("x", "a", name: "conv")
    visible.node("Relu", ["a"], "y", name: "relu")
    #expect(try visible.layers().layers.map(\.title) == ["Conv", "Relu"])
  }

  @Test func spelledOutFunctionsAreKnownByTheirNames() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.constant("three", .scalar(Float(3)))
    sketch.constant("six", .scalar(Float(6)))
    sketch.constant("zero", .scalar(Float(0)))
    sketch.constant("half", .scalar(Float(0.5)))
    sketch.node("Add", ["x", "three"], "a")
    sketch.node("Clip", ["a", "zero", "six"], "b", name: "act/Clip")
    sketch.node("Mul", ["x", "b"], "c")
    sketch.node("Div", ["c", "six"], "d")
    sketch.node("Mul", ["d", "half"], "e")
    sketch.node("Sigmoid", ["e"], "s", name: "act/Sigmoid")
    sketch.node("Mul", ["e", "s"], "y")
    let layers = try sketch.layers().layers
    #expect(layers.count == 1)
    #expect(layers.first?.operatorType == "HardSwish")
    #expect(layers.first?.title == "HardSwish+Mul+SiLU")
    #expect(layers.first?.nodes.count == 7)
  }

  @Test func chainsEndWhereTheRangeIsKnown() throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.constant("two", .scalar(Float(2)))
    sketch.node("Mul", ["x", "two"], "a")
    sketch.node("Sigmoid", ["a"], "b", name: "gate")
    sketch.node("Mul", ["b", "two"], "y", name: "after")
    let layers = try sketch.layers().layers
    #expect(layers.map(\.operatorType) == ["Sigmoid", "Mul"])
    #expect(layers.first?.id == "gate")
  }

  @Test func shapeArithmeticIsNoLayer() throws {
    var sketch = Sketch(input: [2, 4, 3, 3], output: "y")
    sketch.convolution("x", "a", name: "conv")
    sketch.node("Shape", ["a"], "shape")
    sketch.constant("zero", Tensor([0] as [Int64]))
    sketch.node("Gather", ["shape", "zero"], "batch")
    sketch.constant("rest", Tensor([-1] as [Int64]))
    sketch.node("Concat", ["batch", "rest"], "target", ["axis": .int(0)])
    sketch.node("Reshape", ["a", "target"], "y", name: "flat")
    let layers = try sketch.layers()
    #expect(layers.layers.map(\.id) == ["conv", "flat"])
    #expect(layers.shapeNodes.count == 3)
    #expect(layers["flat"]?.role == .passThrough)
    #expect(layers["flat"]?.inputs == ["a"])
  }

  @Test func whatStaysInFloatSaysWhy() throws {
    var sketch = Sketch(input: [2, 4], output: "y")
    sketch.node("Softmax", ["x"], "a", name: "softmax")
    sketch.node("Frobnicate", ["a"], "b", name: "odd")
    sketch.constant("row", Tensor([1, 2, 3, 4] as [Float]))
    sketch.node("Mul", ["b", "row"], "c", name: "scale")
    sketch.node("MatMul", ["c", "c"], "y", name: "product")
    let reasons = try sketch.layers().layers.map(\.role)
    #expect(
      reasons == [
        .float(reason: "there is no int8 kernel for Softmax in this form"),
        .float(reason: "there is no int8 kernel for Frobnicate"),
        .float(reason: "its constant operand has more than one element"),
        .float(reason: "it multiplies two activations"),
      ])
  }

  @Test(arguments: [("nearest", true), ("linear", false), ("cubic", false)])
  func onlyResizesThatCopyMoveCodes(mode: String, moves: Bool) throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.constant("scales", Tensor([1, 1, 2, 2] as [Float]))
    sketch.node(
      "Resize", ["x", "", "scales"], "y", name: "up", ["mode": .string(Array(mode.utf8))])
    #expect((try sketch.layers()["up"]?.role == .passThrough) == moves)
  }

  @Test(arguments: [(Float(0), true), (Float(1), false)])
  func paddingWithZeroMovesCodes(value: Float, moves: Bool) throws {
    var sketch = Sketch(input: [1, 4, 3, 3], output: "y")
    sketch.constant("pads", Tensor([0, 0, 1, 1, 0, 0, 1, 1] as [Int64]))
    sketch.constant("value", .scalar(value))
    sketch.node("Pad", ["x", "pads", "value"], "y", name: "pad")
    #expect((try sketch.layers()["pad"]?.role == .passThrough) == moves)
  }
}
