import Calibration
import Conversion
import Datasets
import Execution
import Foundation
import Quantization
import Tensors
import Testing

/// Steps of sequences, with the state of a small recurrent model handed from each to the next.
@Suite struct StateCarrierTests {
  /// Batches of one step; sequences begin where told.
  private struct Steps: BatchSource {
    var values: [[Float]]
    var starts: Set<Int> = [0]
    var states = [StateLink(input: "state", output: "next")]
    var batchCount: Int { values.count }

    func inputBatch(at index: Int) -> InputBatch {
      InputBatch(inputs: ["x": Tensor(values[index], shape: [1, 4])], sampleCount: 1)
    }

    func startsSequence(at index: Int) -> Bool { starts.contains(index) }
  }

  private static let values: [[Float]] = (0..<12).map { step in
    (0..<4).map { Float(($0 * 7 + step * 5) % 11) / 5 - 1 }
  }

  private func layers() throws -> LayerGraph { try Digits.layers(of: "stateful") }

  /// Outputs of each step, with the state carried by hand.
  private func byHand(_ executor: Executor, _ steps: Steps) throws -> [[String: Tensor]] {
    var state = Tensor([Float](repeating: 0, count: 3), shape: [1, 3])
    return try steps.values.indices.map { index in
      if steps.starts.contains(index) {
        state = Tensor([Float](repeating: 0, count: 3), shape: [1, 3])
      }
      var inputs = steps.inputBatch(at: index).inputs
      inputs["state"] = state
      let outputs = try executor.run(inputs)
      state = try #require(outputs["next"])
      return outputs
    }
  }

  @Test(arguments: [[0], [0, 5], [0, 1, 2, 11]]) func statesGoFromStepToStepAndBeginWithZeros(
    starts: [Int]
  ) throws {
    let executor = try Executor(model: try layers().model, isPrepared: true)
    let steps = Steps(values: Self.values, starts: Set(starts))
    var carrier = try StateCarrier(steps.states, executor)
    var found: [[String: Tensor]] = []
    for index in 0..<steps.batchCount {
      let outputs = try executor.run(
        carrier.inputs(
          steps.inputBatch(at: index).inputs, startsSequence: steps.startsSequence(at: index)))
      carrier.keep(outputs)
      found.append(outputs)
    }
    #expect(try found == byHand(executor, steps))
    #expect(Set(found.compactMap { $0["y"]?.floats }).count > 6, "the state moves")
  }

  @Test func calibrationSeesTheStatesThatOccur() throws {
    let layers = try layers()
    let steps = Steps(values: Self.values, starts: [0, 6])
    let statistics = try Calibrator(layers: layers).run(steps)
    let executor = try Executor(model: layers.model, isPrepared: true)
    let outputs = try byHand(executor, steps)
    let states = outputs.enumerated().filter { ![5, 11].contains($0.offset) }.compactMap {
      $0.element["next"]?.floats
    }.joined()
    // Zeros at both starts, and what the last step of a sequence gives is fed to nobody.
    #expect(statistics.edges["state"]?.elementCount == 12 * 3)
    func isNear(_ value: Float?, _ expected: Float) -> Bool {
      value.map { abs($0 - expected) < 1e-6 } ?? false
    }
    #expect(isNear(statistics.edges["state"]?.maximum, max(states.max() ?? 0, 0)))
    #expect(isNear(statistics.edges["state"]?.minimum, min(states.min() ?? 0, 0)))
    let sums = outputs.compactMap { $0["y"]?.floats }.joined()
    #expect(isNear(statistics.edges["y"]?.maximum, sums.max() ?? 0))
  }

  @Test func everyRunOfAnAnalysisHasStatesOfItsOwn() throws {
    let layers = try layers()
    let steps = Steps(values: Self.values, starts: [0, 6])
    let resolution = try layers.resolve(Recipe(target: .onednn))
    var whatIf = WhatIf(layers: layers, statistics: try Calibrator(layers: layers).run(steps))
    let conversion = try Converter.convert(
      layers, resolution, edgeParameters: try whatIf.parameters(for: resolution))
    let report = try ErrorAnalysis(layers: layers, resolution: resolution, conversion: conversion)
      .run(steps)
    #expect(report.sampleCount == 12)
    let output = try #require(report.outputs.first { $0.output == "y" })
    #expect((20...70).contains(output.executed.decibels))

    // As comparing the two models says, each with its own states.
    let comparison = try ModelComparison(layers.model, mode: .float, conversion.model).run(steps)
    let compared = try #require(comparison.outputs.first { $0.output == "y" })
    #expect(abs(compared.error.decibels - output.executed.decibels) < 1e-3)

    let int8 = try Executor(
      model: conversion.model, options: ExecutionOptions(mode: .integer), isPrepared: true)
    let float = try Executor(model: layers.model, isPrepared: true)
    var sums = ErrorSums()
    for (real, rounded) in zip(try byHand(float, steps), try byHand(int8, steps)) {
      let (expected, found) = try (#require(real["y"]), #require(rounded["y"]))
      expected.withUnsafeElements(of: Float.self) { reference in
        found.withUnsafeElements(of: Float.self) { sums.add(reference: reference, test: $0) }
      }
    }
    #expect(abs(sums.sqnr(.torch) - output.executed.decibels) < 1e-3)

    let sensitivity = try SensitivityAnalysis(
      layers: layers, resolution: resolution,
      parameters: Dictionary(
        uniqueKeysWithValues: conversion.edgeParameters.map { ($0.key, $0.value) })
    ).run(steps)
    #expect(!sensitivity.isEmpty)
    #expect(sensitivity.allSatisfy { $0.output.decibels > output.executed.decibels - 6 })
  }

  @Test(arguments: [
    (["nowhere=next"], "no input 'nowhere'; it has 'x', 'state'"),
    (["state=nowhere"], "no output 'nowhere'; it has 'y', 'next'"),
    (["state=y"], "the input is 1×3, the output 1×2"),
    (["state=next", "state=next"], "'state' takes two outputs"),
  ])
  func linksThatDoNotFitAreRefused(texts: [String], reason: String) throws {
    let executor = try Executor(model: try layers().model, isPrepared: true)
    let links = texts.compactMap { StateLink(parsing: $0) }
    var message = ""
    do { _ = try StateCarrier(links, executor) } catch { message = error.description }
    #expect(message.contains(reason), "\(message)")
    #expect(message.contains("--state \(texts.last ?? "")"), "\(message)")
  }
}
