import Calibration
import Conversion
import Execution
import Graphs
import OrderedCollections
import Quantization
import Tensors
import Testing

@Suite(.golden("models")) struct ModelGoldenTests {
  /// Training runs are not recorded formulas; see Tests/Golden/README.md.
  static let cases = GoldenSet.current.cases("models").filter { $0.kind != "torch_qat" }

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    switch golden.kind {
    case "torch_static_ptq": try checkStatic(golden)
    case "torch_dynamic_ptq": try checkDynamic(golden)
    case "torch_conv_bn_fold": try checkFolding(golden)
    default: recordUnknownKind(golden)
    }
  }

  // MARK: Static

  private func checkStatic(_ golden: GoldenSet.Case) throws {
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

  // MARK: Dynamic

  /// Weights and ranges of every dynamic layer, and the Linear as it computes.
  private func checkDynamic(_ golden: GoldenSet.Case) throws {
    let scheme = TensorScheme(
      type: .qint8, symmetry: .symmetric, granularity: .perTensor, observer: .minMax)
    var quantized: [String: QuantizedWeights] = [:]
    for (name, expected) in golden["quantized_weights"].members {
      let parameter = golden["float_parameters"][name]
      let weight = try GoldenSet.current.tensor(
        parameter.isNull ? golden["float_parameters"][name + ".weight"] : parameter)
      let found = try quantizeWeights(weight, axis: 0, scheme: scheme)
      #expect(same(found.parameters.channels.map(\.scale), expected["scale"].numbers), "\(name)")
      #expect(
        found.parameters.channels.map { Float($0.zeroPoint) } == expected["zero_point"].numbers)
      let codes = (0..<found.codes.count).map { Int(found.codes[$0]) }
      #expect(codes == expected["q"]["data"].ints, "\(name)")
      quantized[name] = found
    }
    let input = try GoldenSet.current.tensor(golden["fc_input"])
    let output = try GoldenSet.current.tensor(golden["fc_output"])
    let map = try expectDynamic(input, golden["fc_input_qparams_reduced"])
    _ = try expectDynamic(output, golden["lstm_input_qparams_reduced"])
    let weights = try #require(quantized["fc"])
    let bias = try GoldenSet.current.tensor(golden["float_parameters"]["fc.bias"]).floats
    let found = linear(input.floats, map, weights, bias)
    try #require(found.count == output.elementCount)
    let largest = zip(found, output.floats).map { abs($0 - $1) }.max() ?? 0
    #expect(largest <= 1e-5, "the Linear")
  }

  private func expectDynamic(
    _ input: Tensor, _ expected: JSONValue
  ) throws -> QuantizationParameters {
    let values = input.floats
    let (scale, zeroPoint) = DynamicParameterRule.activation(reduceRange: true).parameters(
      lower: values.min() ?? 0, upper: values.max() ?? 0)
    #expect(same(scale, try #require(expected["scale"].float)))
    #expect(Int(zeroPoint) == expected["zero_point"].int)
    return QuantizationParameters(scale: scale, zeroPoint: zeroPoint, range: .uint8)
  }

  /// `scale * sum((q - zeroPoint) * w) + bias`, with sums in integers.
  private func linear(
    _ input: [Float], _ map: QuantizationParameters, _ weights: QuantizedWeights, _ bias: [Float]
  ) -> [Float] {
    let codes = input.map { map.torchQuantize($0) - map.zeroPoint }
    let depth = weights.codes.count / bias.count
    let scale = map.scale * weights.parameters.channels[0].scale
    return (0..<input.count / depth).flatMap { row in
      bias.indices.map { column in
        var sum: Int32 = 0
        for index in 0..<depth {
          sum += codes[row * depth + index] * weights.codes[column * depth + index]
        }
        return Float(sum) * scale + bias[column]
      }
    }
  }

  // MARK: Folding

  private func checkFolding(_ golden: GoldenSet.Case) throws {
    var graph = Graph(name: "fold")
    graph.inputs = [
      ValueDeclaration(
        name: "x", elementType: .float32,
        dimensions: golden["input"]["shape"].ints.map { Dimension.fixed($0) })
    ]
    var inputs = ["x", "weight"]
    for name in ["weight", "bias", "gamma", "beta", "running_mean", "running_var"]
    where !golden[name].isNull {
      graph.initializers[name] = Initializer(try GoldenSet.current.tensor(golden[name]))
      if name == "bias" { inputs.append(name) }
    }
    let padding = golden["padding"].ints
    graph.append(
      OperatorName("Conv"), name: "conv", inputs: inputs, outputs: ["c"],
      attributes: [
        "group": .int(Int64(golden["groups"].int ?? 1)),
        "strides": .ints(golden["stride"].ints.map { Int64($0) }),
        "dilations": .ints(golden["dilation"].ints.map { Int64($0) }),
        "pads": .ints((padding + padding).map { Int64($0) }),
      ])
    graph.append(
      OperatorName("BatchNormalization"), name: "bn",
      inputs: ["c", "gamma", "beta", "running_mean", "running_var"], outputs: ["n"],
      attributes: ["epsilon": .float(try #require(golden["eps"].float))])
    let isClamped = golden["relu"].bool == true
    if isClamped { graph.append(OperatorName("Relu"), name: "r", inputs: ["n"], outputs: ["y"]) }
    let output = isClamped ? "y" : "n"
    graph.outputs = [ValueDeclaration(name: output, elementType: .float32, dimensions: nil)]
    let folded = try Model(graph: graph, opset: 17).prepared().model
    #expect(!folded.graph.nodes.contains { $0.is("BatchNormalization") })
    let conv = try #require(folded.graph.nodes.first { $0.is("Conv") })
    for (position, name) in [(1, "fused_weight"), (2, "fused_bias")] {
      let input = try #require(conv.input(position))
      let found = try #require(folded.graph.constant(input)).floats
      let expected = try GoldenSet.current.tensor(golden[name]).floats
      let largest = expected.map(abs).max() ?? 0
      #expect(found.count == expected.count)
      #expect(
        zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-6 * max(abs($1), 0.1 * largest) },
        "\(name)")
    }
    let executor = try Executor(model: folded, isPrepared: true)
    let found = try executor.run(["x": try GoldenSet.current.tensor(golden["input"])])
    for name in ["float_output", "fused_output"] {
      let expected = try GoldenSet.current.tensor(golden[name]).floats
      let values = try #require(found[output]).floats
      #expect(values.count == expected.count)
      #expect(
        zip(values, expected).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) }, "\(name)")
    }
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
