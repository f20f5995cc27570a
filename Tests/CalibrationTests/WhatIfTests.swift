import Calibration
import Conversion
import OrderedCollections
import Quantization
import Testing

@Suite struct WhatIfTests {
  @Test func parametersAreThoseOfTheStatistics() throws {
    let layers = try Digits.layers()
    let statistics = try Digits.statistics(layers)
    let resolution = try layers.resolve(Recipe(target: .onednn))
    var whatIf = WhatIf(layers: layers, statistics: statistics)
    let parameters = try whatIf.parameters(for: resolution)
    #expect(Set(parameters.keys) == Set(resolution.representatives))
    for (edge, found) in parameters {
      let scheme = try #require(resolution.edges[edge]?.scheme)
      #expect(found == (try statistics.edges[edge]?.parameters(for: scheme).channels[0]))
    }
  }

  @Test func predictionsFollowTheRecipe() throws {
    let layers = try Digits.layers()
    var whatIf = WhatIf(layers: layers, statistics: try Digits.statistics(layers))
    let perChannel = whatIf.predictions(for: try layers.resolve(Recipe(target: .onednn)))
    let perTensor = whatIf.predictions(for: try layers.resolve(Recipe(target: .qnnpack)))
    #expect(perChannel.map(\.layer) == layers.layers.map(\.id))
    for (fine, coarse) in zip(perChannel, perTensor) {
      guard let fine = fine.weight, let coarse = coarse.weight else { continue }
      #expect(fine.decibels > coarse.decibels)
      #expect(fine.scheme.granularity == .perChannel && coarse.scheme.granularity == .perTensor)
      #expect(fine.scales.lowerBound < fine.scales.upperBound)
      #expect(coarse.scales.lowerBound == coarse.scales.upperBound)
    }
    let sevenBits = whatIf.predictions(for: try layers.resolve(Recipe(target: .x86)))
    let loss =
      (perChannel[0].activation?.predictedSQNR ?? 0)
      - (sevenBits[0].activation?.predictedSQNR ?? 0)
    #expect((4...8).contains(loss))
  }

  @Test func floatLayersPredictNothing() throws {
    let layers = try Digits.layers()
    var whatIf = WhatIf(layers: layers, statistics: try Digits.statistics(layers))
    let recipe = Recipe(target: .onednn, rules: [Digits.keepFloat(.global)])
    let predictions = whatIf.predictions(for: try layers.resolve(recipe))
    #expect(predictions.allSatisfy { $0.activation == nil && $0.weight == nil })
  }

  @Test func everyObserverIsCompared() throws {
    let layers = try Digits.layers()
    let whatIf = WhatIf(layers: layers, statistics: try Digits.statistics(layers))
    let scheme = try #require(
      try layers.resolve(Recipe(target: .onednn)).edges["/2/Relu_output_0"]?.scheme)
    let rows = whatIf.comparison(edge: "/2/Relu_output_0", scheme: scheme)
    #expect(Set(rows.map(\.observer.name)).count == 6)
    #expect(rows.contains { $0.observer == scheme.observer })
  }

  @Test func anUnobservedEdgeHasNoParameters() throws {
    let layers = try Digits.layers()
    var statistics = try Digits.statistics(layers)
    statistics.edges["/9/Relu_output_0"] = nil
    var whatIf = WhatIf(layers: layers, statistics: statistics)
    let resolution = try layers.resolve(Recipe(target: .onednn))
    #expect(throws: CalibrationError.unobserved(edge: "/9/Relu_output_0")) {
      try whatIf.parameters(for: resolution)
    }
    #expect(
      whatIf.comparison(edge: "/9/Relu_output_0", scheme: resolution.edges.values[0].scheme).isEmpty
    )
  }

  @Test func aRangeByHandNeedsNoStatistics() throws {
    let layers = try Digits.layers()
    var change = QConfigChange()
    change.activation.observer = .manual(lower: 0, upper: 2)
    var whatIf = WhatIf(layers: layers, statistics: try Digits.statistics(layers))
    let resolution = try layers.resolve(
      Recipe(target: .onednn, rules: [Rule(.layer("/0/Conv"), change)]))
    let parameters = try whatIf.parameters(for: resolution)
    let map = try #require(parameters["/2/Relu_output_0"])
    #expect(abs(map.scale - 2 / 255) < 1e-7)
    #expect(map.zeroPoint == 0)
  }
}
