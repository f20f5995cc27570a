import Calibration
import Conversion
import Execution
import Quantization
import Tensors
import Testing

/// From extreme batches to an int8 model that runs, or to one message that says what is missing.
@Suite struct EdgeCalibrationTests {
  enum Batches: CaseIterable {
    case zeros, constant, greatest, tiny, single, withNonFinite, differentSizes, narrowThenWide

    private static func images(_ values: Float...) -> InputBatch {
      InputBatch(
        inputs: [
          "input": Tensor(
            values.flatMap { [Float](repeating: $0, count: 64) }, shape: [values.count, 1, 8, 8])
        ], sampleCount: values.count)
    }

    func batches() throws -> [InputBatch] {
      switch self {
      case .zeros: return [Self.images(0), Self.images(0, 0)]
      case .constant: return [Self.images(0.7), Self.images(0.7, 0.7)]
      case .greatest: return [Self.images(3.4e38, -3.4e38), Self.images(1)]
      case .tiny: return [Self.images(2e-38), Self.images(-.leastNormalMagnitude / 64)]
      case .single: return [Self.images(0.3)]
      case .withNonFinite: return [Self.images(.nan, .infinity, 1), Self.images(0.5)]
      case .differentSizes:
        return try [1, 7, 2].flatMap { try Digits.batches("calib", count: 1, size: $0) }
      case .narrowThenWide: return [Self.images(1e-30), Self.images(1e3), Self.images(0.1)]
      }
    }
  }

  @Test(arguments: Batches.allCases, [Target.onednn, .x86, .ort])
  func anyBatchesLeadToAModelThatRuns(batches: Batches, target: Target) throws {
    let layers = try Digits.layers()
    let given = try batches.batches()
    let statistics = try Calibrator(layers: layers).run(given)
    #expect(statistics.sampleCount == given.reduce(0) { $0 + $1.sampleCount })
    let resolution = try layers.resolve(Recipe(target: target))
    var whatIf = WhatIf(layers: layers, statistics: statistics)
    if batches == .greatest, target != .ort {
      // PyTorch's histogram observer raises here, too.
      var message = ""
      do { _ = try whatIf.parameters(for: resolution) } catch { message = "\(error)" }
      #expect(message.contains("choose percentile, mse or minMax"), "\(message)")
      return
    }
    let parameters = try whatIf.parameters(for: resolution)
    for (edge, chosen) in parameters {
      #expect(chosen.scale > 0 && chosen.scale.isFinite, "\(edge)")
    }
    let conversion = try Converter.convert(layers, resolution, edgeParameters: parameters)
    let test = try Digits.batches("test", count: 1, size: 4)[0].inputs
    for mode in [ExecutionMode.integer, .simulated] {
      let outputs = try Executor(
        model: conversion.model, options: ExecutionOptions(mode: mode), isPrepared: true
      ).run(test)
      let logits = try #require(outputs["logits"])
      #expect(logits.shape == [4, 10])
      #expect(logits.floats.allSatisfy { !$0.isNaN }, "\(mode)")
    }
  }

  @Test func nothingFiniteIsSaidByName() throws {
    let layers = try Digits.layers()
    let values = [Float](repeating: .nan, count: 64)
    let statistics = try Calibrator(layers: layers).run([
      InputBatch(inputs: ["input": Tensor(values, shape: [1, 1, 8, 8])], sampleCount: 1)
    ])
    #expect(statistics.edges["input"]?.nanCount == 64)
    var whatIf = WhatIf(layers: layers, statistics: statistics)
    var message = ""
    do {
      _ = try whatIf.parameters(for: layers.resolve(Recipe(target: .onednn)))
    } catch {
      message = "\(error)"
    }
    #expect(message.contains("'input' cannot be quantized"), "\(message)")
  }

  @Test func anEmptyBatchChangesNothing() throws {
    let layers = try Digits.layers()
    let digits = try Digits.batches("calib", count: 1, size: 8)
    let empty = InputBatch(
      inputs: ["input": Tensor([Float](), shape: [0, 1, 8, 8])], sampleCount: 0)
    let calibrator = try Calibrator(layers: layers)
    let alone = try calibrator.run(digits)
    let beside = try calibrator.run([empty] + digits + [empty])
    #expect(beside.sampleCount == alone.sampleCount)
    #expect(beside.edges == alone.edges)
  }
}
