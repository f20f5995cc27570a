import Quantization
import Testing

/// Rules for all layers of a module.
@Suite struct ModuleRuleTests {
  private func recipe(_ rules: [String]) throws -> Recipe {
    Recipe(target: .x86, rules: try rules.map { try Rule(parsing: $0) })
  }

  private func precision(_ recipe: Recipe, _ layer: String) throws -> LayerPrecision {
    try RecipeResolver(recipe).resolve(layer: layer, operatorType: "Conv").qconfig.precision
  }

  @Test func aModuleIsItsWholeSubtreeAndNothingBeside() throws {
    let recipe = try recipe(["module=/encoder/0:precision=float32"])
    #expect(try precision(recipe, "/encoder/0/conv/Conv") == .float32)
    #expect(try precision(recipe, "/encoder/0") == .float32)
    #expect(try precision(recipe, "/encoder/01/conv/Conv") == .staticInt8)
    #expect(try precision(recipe, "/encoder/Conv") == .staticInt8)
    #expect(try precision(recipe, "/decoder/encoder/0/Conv") == .staticInt8)
  }

  /// PyTorch exports `encoder.0` as `/encoder/encoder.0`.
  @Test func repeatedNamesCountOnce() throws {
    let recipe = try recipe(["module=/encoder/0:precision=float32"])
    #expect(try precision(recipe, "/encoder/encoder.0/encoder.0.1/Conv") == .float32)
    #expect(ModulePath("/stem/stem.0/Conv").components == ["stem", "0", "Conv"])
    #expect(ModulePath("conv1").components == ["conv1"])
    #expect(ModulePath("/a/b/c").enclosing.map(\.text) == ["/a", "/a/b"])
  }

  @Test(arguments: [false, true])
  func theInnermostModuleWins(isReversed: Bool) throws {
    let rules = ["module=/a:precision=float32", "module=/a/b:precision=int8"]
    let recipe = try recipe(isReversed ? rules.reversed() : rules)
    #expect(try precision(recipe, "/a/b/Conv") == .staticInt8)
    #expect(try precision(recipe, "/a/c/Conv") == .float32)
  }

  @Test func modulesStandBetweenPatternsAndLayers() throws {
    let all = try recipe([
      "layer=/a/b/Conv:weight.epsilon=0.4", "module=/a:weight.epsilon=0.3",
      "match=.*:weight.epsilon=0.2", "op=Conv:weight.epsilon=0.1",
    ])
    func epsilon(without count: Int) throws -> Float {
      var recipe = all
      recipe.rules.removeFirst(count)
      return try RecipeResolver(recipe).resolve(layer: "/a/b/Conv", operatorType: "Conv")
        .qconfig.weight.epsilon
    }
    for (count, expected) in [Float(0.4), 0.3, 0.2, 0.1].enumerated() {
      #expect(try epsilon(without: count) == expected)
    }
    let resolved = try RecipeResolver(all).resolve(layer: "/a/x/Conv", operatorType: "Conv")
    #expect(
      resolved.explanation(.weight(.epsilon))
        == "weight.epsilon 0.3, from rule 2 (module=/a), overrides rule 3 (match=.*), "
        + "rule 4 (op=Conv), target x86")
  }

  @Test func aModuleThatIsNotThereIsReportedWithTheNearest() throws {
    let unmatched = try RecipeResolver(
      recipe(["module=/encodr/0:precision=int8", "module=/encoder:precision=int8"])
    )
    .unmatchedRules(layers: [("/encoder/0/conv/Conv", "Conv")])
    #expect(unmatched.map(\.number) == [1])
    #expect(unmatched.first?.nearest == "/encoder/0")
  }

  @Test func keepingOneModuleForgetsOtherPrecisionsAndNothingElse() throws {
    var recipe = try recipe([
      "op=Conv:precision=dynamic,weight.bits=7", "layer=/b/Conv:precision=int8",
      "all:activation.observer=minMax",
    ])
    recipe.keepOnly([.module("/a")], .staticInt8)
    #expect(try precision(recipe, "/a/Conv") == .staticInt8)
    #expect(try precision(recipe, "/b/Conv") == .float32)
    #expect(
      recipe.rules.map(\.text) == [
        "op=Conv:weight.reduceRange=true", "all:precision=float32,activation.observer=minMax",
        "module=/a:precision=int8",
      ])
  }
}
