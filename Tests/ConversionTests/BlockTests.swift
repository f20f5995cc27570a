import Conversion
import OrderedCollections
import Quantization
import Tensors
import Testing

@Suite struct BlockTests {
  /// Two attentions in a row, the second with a mask, then squeeze and excite.
  private func sketch() -> Sketch {
    var sketch = Sketch(input: [1, 4, 8, 8], output: "y")
    sketch.constant("number", .scalar(Float(0.5)))
    func attention(_ input: String, _ scope: String, masked: Bool) -> String {
      sketch.node("MatMul", [input, input], scope + "scores", name: scope + "product")
      sketch.node("Mul", [scope + "scores", "number"], scope + "scaled", name: scope + "scale")
      var scores = scope + "scaled"
      if masked {
        sketch.node("Add", [scores, "x"], scope + "masked", name: scope + "mask")
        scores = scope + "masked"
      }
      sketch.node("Softmax", [scores], scope + "weights", name: scope + "softmax")
      sketch.node("MatMul", [scope + "weights", input], scope + "mixed", name: scope + "mix")
      return scope + "mixed"
    }
    let first = attention("x", "a/", masked: false)
    let second = attention(first, "b/", masked: true)
    sketch.node("GlobalAveragePool", [second], "mean", name: "pool")
    sketch.convolution("mean", "less", name: "reduce")
    sketch.node("Relu", ["less"], "bent", name: "relu")
    sketch.convolution("bent", "more", name: "expand")
    sketch.node("Sigmoid", ["more"], "gate", name: "sigmoid")
    sketch.node("Mul", [second, "gate"], "y", name: "excite")
    return sketch
  }

  @Test func layersSayWhatTheySpellOut() throws {
    let layers = try sketch().layers()
    let blocks = layers.layers.map { "\($0.id) \($0.block?.name ?? "-")" }
    #expect(
      blocks == [
        "a/product Attention#1", "a/scale Attention#1", "a/softmax Attention#1",
        "a/mix Attention#1", "b/product Attention#2", "b/scale Attention#2",
        "b/mask Attention#2", "b/softmax Attention#2", "b/mix Attention#2",
        "pool SqueezeExcite#1", "reduce SqueezeExcite#1", "expand SqueezeExcite#1",
        "sigmoid SqueezeExcite#1", "excite SqueezeExcite#1",
      ])
    #expect(layers["b/mix"]?.title == "MatMul (attention 2)")
    #expect(layers["reduce"]?.title == "Conv+Relu (SE 1)")
    #expect(layers.layers.filter { $0.block?.isMask ?? false }.map(\.id) == ["b/mask"])
  }

  @Test func rulesSpeakOfAllBlocksOrOne() throws {
    let layers = try sketch().layers()
    func inFloat(_ rules: String...) throws -> [String] {
      let recipe = Recipe(target: .x86, rules: try rules.map { try Rule(parsing: $0) })
      let resolution = try layers.resolve(recipe)
      #expect(resolution.unmatchedRules.isEmpty)
      return layers.layers.map(\.id).filter {
        resolution.layers[$0]?.config.qconfig.precision == .float32
      }
    }
    #expect(try inFloat() == ["a/scale", "b/scale", "b/mask"])
    #expect(try inFloat("op=AttentionMask:precision=static") == ["a/scale", "b/scale"])
    #expect(
      try inFloat("op=SqueezeExcite:precision=float32")
        == [
          "a/scale", "b/scale", "b/mask", "pool", "reduce", "expand", "sigmoid", "excite",
        ])
    #expect(
      try inFloat("op=Attention#1:precision=float32")
        == ["a/product", "a/scale", "a/softmax", "a/mix", "b/scale", "b/mask"])
    let wrong = Recipe(target: .x86, rules: [try Rule(parsing: "op=Atention:fuse=true")])
    #expect(try layers.resolve(wrong).unmatchedRules.map(\.nearest) == ["Attention"])
  }
}
