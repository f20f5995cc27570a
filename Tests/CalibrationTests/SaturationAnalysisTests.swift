import Calibration
import Conversion
import Execution
import Quantization
import Testing

@Suite struct SaturationAnalysisTests {
  private func report(
    _ recipe: Recipe, format: ExportFormat = .qdq, count: Int = 1
  ) throws -> SaturationReport {
    let layers = try Digits.layers()
    let conversion = try Digits.conversion(layers, recipe).conversion
    return try SaturationAnalysis(layers: layers, conversion: conversion, format: format)
      .run(Digits.batches("test", count: count, size: 8))
  }

  private func recipe(_ target: Target, _ rules: String...) throws -> Recipe {
    var recipe = Recipe(target: target)
    for rule in try rules.map(Rule.init(parsing:)) { recipe.set(rule.change, for: rule.scope) }
    return recipe
  }

  @Test func eightBitsSaturateAndTheOutputShowsIt() throws {
    let found = try report(Recipe(target: .onednn))
    #expect(found.sampleCount == 8)
    #expect(found.saturated > 0 && found.saturated < found.pairs)
    #expect(found.saturated == found.layers.reduce(0) { $0 + $1.saturated })
    let output = try #require(found.outputs.first)
    #expect(output.saturating.decibels < output.exact.decibels - 1)
    // Layers are named as everywhere, and only those that lose something have a loss.
    let names = Set(try Digits.layers().layers.map(\.id))
    for layer in found.layers {
      #expect(names.contains(layer.name))
      if layer.saturated == 0 { #expect(layer.decibels == nil) }
    }
  }

  @Test func sevenBitsOnEitherSideDoNot() throws {
    for recipe in [
      try recipe(.onednn, "all:weight.bits=7"), try recipe(.onednn, "all:activation.bits=7"),
    ] {
      let found = try report(recipe)
      #expect(found.pairs > 0)
      #expect(found.saturated == 0)
      let output = try #require(found.outputs.first)
      #expect(output.saturating == output.exact)
    }
  }

  @Test func signedActivationsSaturateOnlyWhereTheyBecomeUnsigned() throws {
    let pairs = try report(Recipe(target: .ortSigned))
    #expect(pairs.saturated > 0)
    let codes = try report(Recipe(target: .ortSigned), format: .qoperator)
    #expect(codes.layers.isEmpty)
    let output = try #require(codes.outputs.first)
    #expect(output.saturating == output.exact)
  }

  @Test func aFewSamplesAreEnough() throws {
    #expect(try report(Recipe(target: .onednn), count: 12).sampleCount == 32)
  }

  @Test func withoutCarryingEveryStepSeesExactInputs() throws {
    let layers = try Digits.layers()
    let model = try Digits.conversion(layers).conversion.model
    let executor = try Executor(
      model: model, options: ExecutionOptions(mode: .integer), isPrepared: true)
    let inputs = try Digits.batches("test", count: 1, size: 8)[0].inputs
    let exact = try executor.run(inputs)
    let alone = try executor.saturationReport(inputs)
    let carried = try executor.runSaturating(
      inputs, SaturatingKernels(signed: true, depthwise: true))
    #expect(alone.map(\.step) == carried.steps.map(\.step))
    // The first step has the model's input either way.
    #expect(alone.first?.saturated == carried.steps.first?.saturated)
    #expect(carried.outputs != exact)
    #expect(try executor.run(inputs) == exact)
  }
}
