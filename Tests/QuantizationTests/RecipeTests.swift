import Foundation
import Quantization
import Testing

@Suite struct RecipeTests {
  private func change(_ edit: (inout QConfigChange) -> Void) -> QConfigChange {
    var change = QConfigChange()
    edit(&change)
    return change
  }

  @Test(arguments: [
    (Target.x86, "u7a/hist s8s/ch"), (.fbgemm, "u7a/hist s8s/ch"), (.onednn, "u8a/hist s8s/ch"),
    (.qnnpack, "u8a/hist s8s/t"), (.qnnpackSymmetric, "s8a/hist s8s/t"),
    (.ort, "u8a/mm s8s/ch"), (.ortSigned, "s8a/mm s8s/t"), (.tflite, "s8a/mm s8s/ch"),
    (.trt, "s8s/mm s8s/ch"),
  ])
  func targetsHaveTheirDefaults(target: Target, short: String) throws {
    let resolved = try RecipeResolver(Recipe(target: target)).resolve(
      layer: "a", operatorType: "Conv")
    #expect(resolved.qconfig == target.fallback)
    #expect(resolved.qconfig.shortForm == short)
    #expect(resolved.provenance.count == QConfigField.allCases.count)
  }

  @Test func outputsKnownBeforehandHaveFixedMaps() throws {
    let resolver = try RecipeResolver(Recipe(target: .x86))
    let sigmoid = resolver.resolve(layer: "s", operatorType: "Sigmoid").qconfig.activation
    #expect(sigmoid.observer == .fixed(scale: 1 / 256, zeroPoint: 0))
    #expect(sigmoid.range == .uint8)
    let tanh = resolver.resolve(layer: "t", operatorType: "Tanh").qconfig.activation
    #expect(tanh.observer == .fixed(scale: 2 / 256, zeroPoint: 128))
    let transposed = resolver.resolve(layer: "u", operatorType: "ConvTranspose").qconfig
    #expect(transposed.weight.granularity == .perTensor)
  }

  @Test func narrowerScopesWin() throws {
    var recipe = Recipe(target: .x86)
    let scopes: [RuleScope] = [
      .tensor("y"), .layer("net.conv1"), .namePattern(#"net\..*"#), .operatorType("Conv"), .global,
    ]
    for (index, scope) in scopes.enumerated() {
      recipe.set(
        change { $0.activation.observer = .percentile(90 + Double(index)) }, for: scope)
    }
    func observer(_ recipe: Recipe, tensor: String? = "y") throws -> ObserverKind {
      try RecipeResolver(recipe)
        .resolve(layer: "net.conv1", operatorType: "Conv", tensor: tensor)
        .qconfig.activation.observer
    }
    #expect(try observer(recipe) == .percentile(90))
    #expect(try observer(recipe, tensor: nil) == .percentile(91))
    for expected in 91...94 {
      recipe.remove(at: 0)
      #expect(try observer(recipe) == .percentile(Double(expected)))
    }
  }

  @Test func theFirstPatternAndTheLastRuleOfAScopeWin() throws {
    var recipe = Recipe(target: .x86)
    recipe.rules = [
      Rule(.namePattern("a.*"), change { $0.weight.reduceRange = true }),
      Rule(
        .namePattern(".*b"),
        change {
          $0.weight.reduceRange = false
          $0.weight.narrowRange = true
        }),
      Rule(.layer("ab"), change { $0.precision = .float32 }),
      Rule(.layer("ab"), change { $0.precision = .staticInt8 }),
    ]
    let qconfig = try RecipeResolver(recipe).resolve(layer: "ab", operatorType: "Conv").qconfig
    #expect(qconfig.weight.reduceRange)
    #expect(qconfig.weight.narrowRange)
    #expect(qconfig.precision == .staticInt8)
  }

  @Test func patternsMatchWholeNames() throws {
    var recipe = Recipe(target: .x86)
    recipe.set(change { $0.precision = .float32 }, for: .namePattern("conv"))
    let resolver = try RecipeResolver(recipe)
    #expect(resolver.resolve(layer: "conv", operatorType: "").qconfig.precision == .float32)
    #expect(resolver.resolve(layer: "conv1", operatorType: "").qconfig.precision == .staticInt8)
  }

  @Test func everyValueSaysWhereItComesFrom() throws {
    var recipe = Recipe(target: .x86)
    recipe.set(change { $0.weight.granularity = .perTensor }, for: .operatorType("Conv"))
    recipe.set(change { $0.weight.granularity = .perChannel }, for: .namePattern(#"layer3\..*"#))
    let resolved = try RecipeResolver(recipe).resolve(layer: "layer3.0", operatorType: "Conv")
    let expected =
      #"weight.granularity perChannel, from rule 2 (match=layer3\..*), "#
      + "overrides rule 1 (op=Conv), target x86"
    #expect(resolved.explanation(.weight(.granularity)) == expected)
    #expect(
      resolved.explanation(.activation(.type)) == "activation.type quint8, from target x86")
    #expect(resolved.lines.count == 3)
    #expect(resolved.lines[1] == "weight: per-channel symmetric qint8 -128...127, minMax")
  }

  @Test func rulesThatMatchNothingAreFound() throws {
    var recipe = Recipe(target: .x86)
    let float = change { $0.precision = .float32 }
    for scope in [
      RuleScope.layer("/stem/conv/Conv"), .layer("/stem/cnov/Conv"), .namePattern("decoder.*"),
      .operatorType("conv"), .tensor("input"), .global,
    ] { recipe.set(float, for: scope) }
    let unmatched = try RecipeResolver(recipe).unmatchedRules(
      layers: [("/stem/conv/Conv", "Conv")], tensors: ["input"])
    #expect(unmatched.map(\.number) == [2, 3, 4])
    let expected =
      "rule 2 (layer=/stem/cnov/Conv) matches nothing in this model; "
      + "did you mean '/stem/conv/Conv'?"
    #expect(unmatched[0].description == expected)
    #expect(unmatched[2].nearest == "Conv")
  }

  @Test func editingMergesIntoTheRuleThatIsThere() {
    var recipe = Recipe(target: .ort)
    recipe.set(change { $0.precision = .float32 }, for: .layer("a"), note: "by hand")
    recipe.set(change { $0.weight.reduceRange = true }, for: .layer("a"))
    recipe.set(change { $0.precision = .float32 }, for: .layer("b"))
    #expect(recipe.rules.count == 2)
    #expect(recipe.rule(for: .layer("a"))?.change.precision == .float32)
    #expect(recipe.rule(for: .layer("a"))?.note == "by hand")
    recipe.reset(layer: "a")
    #expect(recipe.rules.map(\.scope) == [.layer("b")])
  }

  @Test func aBrokenPatternIsAnError() {
    var recipe = Recipe(target: .x86)
    recipe.set(change { $0.precision = .float32 }, for: .namePattern("conv("))
    #expect(throws: RecipeError.badPattern("conv(")) { try RecipeResolver(recipe) }
  }

  @Test func readsBackWhatItWrote() throws {
    var recipe = Recipe(target: .qnnpack)
    recipe.set(
      change { $0.activation.observer = .manual(lower: -0.1, upper: 6) }, for: .layer("a:0=b"))
    recipe.set(
      change { $0.activation.observer = .fixed(scale: 0.1, zeroPoint: 3) }, for: .tensor("x"))
    // Typed by hand in a session, or half done: it must still load.
    recipe.set(change { $0.weight.observer = .manual(lower: 3, upper: 1) }, for: .global)
    let data = try JSONEncoder().encode(recipe)
    #expect(try JSONDecoder().decode(Recipe.self, from: data) == recipe)
  }
}
