import Calibration
import Conversion
import Quantization
import Tensors
import Testing

@Suite struct AdvisorTests {
  @Test func clippingIsSeenAndItsCureApplies() throws {
    let layers = try Digits.layers()
    var change = QConfigChange()
    change.activation.observer = .manual(lower: 0, upper: 0.5)
    let recipe = Recipe(target: .onednn, rules: [Rule(.layer("/3/Conv"), change)])
    let (resolution, whatIf, _) = try Digits.conversion(layers, recipe)
    var advisor = Advisor(resolution: resolution, whatIf: whatIf)
    let advice = try #require(
      advisor.advice().first { $0.kind == .observer && $0.layer == "/3/Conv" })
    #expect(advice.text.contains("% of the predicted error is clipping"))
    let gain = try #require(advice.predictedGain)
    #expect(gain > 3)

    // What it promises is what the same statistics say of the recipe with its rules.
    let better = try layers.resolve(
      Recipe(target: .onednn, rules: recipe.rules + advice.rules))
    var predictor = whatIf
    let old = predictor.predictions(for: resolution).first { $0.layer == "/3/Conv" }
    let new = predictor.predictions(for: better).first { $0.layer == "/3/Conv" }
    let found =
      (new?.activation?.predictedSQNR ?? 0) - (old?.activation?.predictedSQNR ?? 0)
    #expect(abs(found - gain) < 1e-9)
  }

  @Test func perTensorWeightsThatLoseAreNamed() throws {
    let layers = try Digits.layers(of: "mnist_mobilenet_badscale")
    let batch = InputBatch(
      inputs: ["input": Tensor((0..<784).map { Float($0 % 29) / 29 }, shape: [1, 1, 28, 28])],
      sampleCount: 1)
    let whatIf = WhatIf(
      layers: layers, statistics: try Calibrator(layers: layers).run([batch]))
    let resolution = try layers.resolve(Recipe(target: .qnnpack))
    var advisor = Advisor(resolution: resolution, whatIf: whatIf)
    let advice = advisor.advice().filter { $0.kind == .perChannel }
    #expect(advice.contains { $0.text.contains("depthwise weights") })
    #expect(advice.allSatisfy { ($0.predictedGain ?? 0) >= 3 && $0.rules.count == 1 })
  }

  @Test func halfTheCodesAreWorthSixDecibels() throws {
    let (resolution, whatIf, _) = try Digits.conversion(
      try Digits.layers(), Recipe(target: .x86))
    var advisor = Advisor(resolution: resolution, whatIf: whatIf)
    let advice = try #require(advisor.advice().first { $0.kind == .fullRange })
    #expect((4...8).contains(advice.predictedGain ?? 0))
    #expect(advice.rules.first?.scope == .global)
  }

  @Test func poorLayersMayStayInFloat() throws {
    let layers = try Digits.layers()
    let (resolution, whatIf, _) = try Digits.conversion(layers)
    let poor = ErrorSummary(
      decibels: 8, cosine: 0.9, largestError: 1, meanSquaredError: 0.1)
    let report = ErrorReport(
      layers: [LayerError(layer: "/7/Conv", local: poor)], outputs: [], sampleCount: 1)
    let costs = try LayerCosts(layers: layers, shapes: ["input": [1, 1, 8, 8]])
    var advisor = Advisor(
      resolution: resolution, whatIf: whatIf, errors: report, costs: costs)
    let advice = try #require(advisor.advice().first { $0.kind == .keepFloat })
    #expect(advice.layer == "/7/Conv")
    #expect(advice.text.contains("% of the multiply-accumulates"))
    let applied = try layers.resolve(Recipe(target: .onednn, rules: advice.rules))
    #expect(!applied.int8Layers.contains("/7/Conv"))
  }

  @Test func rulesWithoutAMatchAreMentioned() throws {
    let recipe = Recipe(target: .onednn, rules: [Digits.keepFloat(.layer("/7/Convv"))])
    let (resolution, whatIf, _) = try Digits.conversion(try Digits.layers(), recipe)
    var advisor = Advisor(resolution: resolution, whatIf: whatIf)
    let advice = try #require(advisor.advice().first { $0.kind == .coverage })
    #expect(advice.text.contains("/7/Conv"))
  }
}
