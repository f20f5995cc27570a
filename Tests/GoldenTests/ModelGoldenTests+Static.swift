import Calibration
import Conversion
import Execution
import Graphs
import OrderedCollections
import Quantization
import Tensors
import Testing

/// PyTorch's eager post-training static quantization.
extension ModelGoldenTests {
  func checkStatic(_ golden: GoldenSet.Case) throws {
    let target = try #require(Target(rawValue: golden["backend"].string ?? ""))
    let torch = try TorchModel(golden)
    let layers = try LayerGraph(model: torch.model)
    let batches = try golden["calibration"].array.map(GoldenSet.current.tensor)
    let statistics = try Calibrator(layers: layers).run(
      batches.map { InputBatch(inputs: ["x": $0], sampleCount: $0.shape[0]) })
    let resolution = try layers.resolve(Recipe(target: target))
    var whatIf = WhatIf(layers: layers, statistics: statistics)
    let conversion = try Converter.convert(
      layers, resolution, edgeParameters: try whatIf.parameters(for: resolution))

    for (module, expected) in golden["observers"].members {
      let edge = try #require(torch.values[module], "\(module)")
      let seen = try #require(statistics.edges[edge])
      expectClose(seen.minimum ?? .nan, expected["min_val"], 1e-5, module)
      expectClose(seen.maximum ?? .nan, expected["max_val"], 1e-5, module)
      let found = try #require(conversion.edgeParameters[edge])
      // Other float kernels may move an end by its last bits, and with it the search by a bin or two.
      let isSame =
        seen.minimum == expected["min_val"].float && seen.maximum == expected["max_val"].float
      let steps = Float(found.range.steps)
      let bin = ((seen.maximum ?? 0) - (seen.minimum ?? 0)) / Float(seen.signed.bins)
      let scale = try #require(expected["scale"].numbers.first)
      #expect(abs(found.scale - scale) <= (isSame ? 1e-6 * scale : 2 * bin / steps), "\(module)")
      let zeroPoint = try #require(expected["zero_point"].numbers.first)
      #expect(abs(Float(found.zeroPoint) - zeroPoint) <= (isSame ? 0 : 1), "\(module)")
      #expect(Int(found.range.lowest) == expected["quant_min"].int)
      #expect(Int(found.range.highest) == expected["quant_max"].int)
    }
    for (module, expected) in golden["modules"].members where !expected["weight"].isNull {
      try checkWeights(module, expected["weight"], layers, conversion)
    }
    try checkExecution(golden, torch, conversion)
  }

  private func checkWeights(
    _ module: String, _ expected: JSONValue, _ layers: LayerGraph, _ conversion: Conversion
  ) throws {
    let layer = try #require(layers[module])
    let parameters = try #require(conversion.weightParameters[layer.id])
    #expect(same(parameters.channels.map(\.scale), expected["scale"].numbers), "\(module)")
    #expect(
      parameters.channels.map { Float($0.zeroPoint) } == expected["zero_point"].numbers)
    #expect(parameters.axis == expected["axis"].int)
    let weight = try #require(layer.weight)
    let stored = try #require(conversion.model.graph.constant(weight.initializer + "_quantized"))
    #expect(
      stored.array(of: Int8.self).map { Int($0) } == expected["q"]["data"].ints, "\(module)")
  }

  /// On int8 kernels, every module within the tolerance of the case.
  private func checkExecution(
    _ golden: GoldenSet.Case, _ torch: TorchModel, _ conversion: Conversion
  ) throws {
    let slack = try #require(golden["integer_tolerance"].int)
    let kept = Set(conversion.places.values.map(\.codes))
    let executor = try Executor(
      model: conversion.model, options: ExecutionOptions(mode: .integer, kept: kept),
      isPrepared: true)
    let input = try GoldenSet.current.tensor(golden["input"])
    var codes: [String: [Int]] = [:]
    let outputs = try executor.run(["x": input]) { value in
      let tensor = value.tensor()
      if tensor.elementType == .uint8 {
        codes[value.name] = tensor.array(of: UInt8.self).map { Int($0) }
      }
    }
    for (module, expected) in golden["module_outputs"].members {
      let edge = try #require(torch.values[module], "\(module)")
      let place = try #require(conversion.places[edge])
      let found = try #require(codes[place.codes], "\(module)")
      let wanted = expected["q"]["data"].ints
      try #require(found.count == wanted.count)
      #expect(zip(found, wanted).allSatisfy { abs($0 - $1) <= slack }, "\(module)")
    }
    let name = try #require(conversion.model.graph.outputs.first?.name)
    let step = try #require(conversion.edgeParameters[name]?.scale)
    let found = try #require(outputs[name]).floats
    let quantized = try GoldenSet.current.tensor(golden["quantized_output"]).floats
    let largest = zip(found, quantized).map { abs($0 - $1) }.max() ?? .infinity
    #expect(largest <= (Float(slack) + 0.01) * step)
    let real = try GoldenSet.current.tensor(golden["float_output"]).floats
    let decibels = try #require(golden["sqnr_db"].double)
    #expect(abs(sqnr(real, quantized) - decibels) <= 1e-4 * decibels)
    #expect(abs(sqnr(real, found) - decibels) <= 0.5)
  }

  private func sqnr(_ reference: [Float], _ test: [Float]) -> Double {
    var sums = ErrorSums()
    reference.withUnsafeBufferPointer { x in
      test.withUnsafeBufferPointer { sums.add(reference: x, test: $0) }
    }
    return sums.sqnr
  }

  private func expectClose(
    _ found: Float, _ expected: JSONValue, _ tolerance: Float, _ what: String
  ) {
    guard let value = expected.float else {
      Issue.record("\(what): no number to compare \(found) with")
      return
    }
    #expect(abs(found - value) <= tolerance * abs(value), "\(what)")
  }
}
