import Calibration
import Conversion
import Foundation
import Quantization
import Tensors
import Testing

@Suite struct ErrorAnalysisTests {
  private func report(
    _ recipe: Recipe, model: String = "digits8_cnn"
  ) throws -> (LayerGraph, ErrorReport) {
    let layers = try Digits.layers(of: model)
    let (resolution, _, conversion) = try Digits.conversion(layers, recipe)
    let analysis = try ErrorAnalysis(
      layers: layers, resolution: resolution, conversion: conversion)
    return (layers, try analysis.run(Digits.batches("test", count: 4, size: 16)))
  }

  @Test func errorsGrowFromLocalToAccumulated() throws {
    let (layers, report) = try report(Recipe(target: .onednn))
    #expect(report.sampleCount == 64)
    #expect(report.layers.map(\.layer) == layers.layers.map(\.id))
    for (layer, error) in zip(layers.layers, report.layers) {
      #expect((error.local != nil) == (layer.role == .quantizable))
      let accumulated = try #require(error.accumulated)
      #expect(accumulated.decibels > 25)
      #expect(accumulated.cosine > 0.99)
    }
    // The first layer has nothing before it that could have gone wrong.
    let first = try #require(report.layers.first)
    #expect(first.local == first.accumulated)
    let last = try #require(report.layers.last)
    #expect((last.local?.decibels ?? 0) > (last.accumulated?.decibels ?? .infinity))
  }

  @Test func int8AgreesWithItsSimulation() throws {
    let (_, report) = try report(Recipe(target: .onednn))
    for error in report.layers { #expect((error.codeDifference ?? 0) <= 2, "\(error.layer)") }
    let output = try #require(report.outputs.first)
    #expect(output.executedAgainstSimulated.decibels > 45)
    let classes = try #require(output.classes)
    #expect(classes.executedAgainstSimulated == 1)
    #expect(classes.accuracy?.float == 1)
    #expect((classes.accuracy?.executed ?? 0) > 0.98)
  }

  @Test func nothingQuantizedMeansNoError() throws {
    let (_, report) = try report(Recipe(target: .onednn, rules: [Digits.keepFloat(.global)]))
    #expect(report.layers.allSatisfy { $0.local == nil && $0.codeDifference == nil })
    #expect(report.layers.allSatisfy { $0.accumulated?.largestError == 0 })
    #expect(report.outputs.first?.simulated.decibels == .infinity)
    #expect(report.outputs.first?.classes?.executed == 1)
  }

  @Test func reportsSurviveAFile() throws {
    let (_, report) = try report(Recipe(target: .onednn, rules: [Digits.keepFloat(.global)]))
    let decoded = try JSONDecoder().decode(ErrorReport.self, from: JSONEncoder().encode(report))
    #expect(decoded == report)
  }

  @Test func cancellingStopsTheRun() throws {
    let layers = try Digits.layers()
    let (resolution, _, conversion) = try Digits.conversion(layers)
    let analysis = try ErrorAnalysis(
      layers: layers, resolution: resolution, conversion: conversion)
    let control = JobControl()
    control.cancel()
    let batches = try Digits.batches("test", count: 1, size: 2)
    #expect(throws: JobCancelled()) { try analysis.run(batches, control: control) }
  }

  @Test func sensitivityTriesEveryLayerAlone() throws {
    let layers = try Digits.layers()
    let resolution = try layers.resolve(Recipe(target: .onednn))
    var whatIf = WhatIf(layers: layers, statistics: try Digits.statistics(layers))
    let analysis = try SensitivityAnalysis(
      layers: layers, resolution: resolution, parameters: try whatIf.parameters(for: resolution))
    var last: JobProgress?
    let results = try analysis.run(Digits.batches("test", count: 2, size: 8)) { last = $0 }
    #expect(results.map(\.layer) == analysis.candidates)
    #expect(results.count == 6)
    #expect(last?.done == 6)
    for result in results { #expect((25...80).contains(result.output.decibels)) }
    #expect(results.allSatisfy { $0.agreement == 1 })
  }

  @Test func badlyScaledChannelsHurtPerTensorWeights() throws {
    let layers = try Digits.layers(of: "mnist_mobilenet_badscale")
    let batch = InputBatch(
      inputs: ["input": Tensor((0..<784).map { Float($0 % 29) / 29 }, shape: [1, 1, 28, 28])],
      sampleCount: 1)
    let statistics = try Calibrator(layers: layers).run([batch])
    var whatIf = WhatIf(layers: layers, statistics: statistics)
    let errors = try [Target.onednn, .qnnpack].map { target in
      let resolution = try layers.resolve(Recipe(target: target))
      let conversion = try Converter.convert(
        layers, resolution, edgeParameters: try whatIf.parameters(for: resolution))
      let report = try ErrorAnalysis(
        layers: layers, resolution: resolution, conversion: conversion
      ).run([batch])
      return try #require(report.outputs.first).simulated.decibels
    }
    #expect(errors[0] > errors[1] + 6)
  }
}
