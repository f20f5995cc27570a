import Calibration
import Conversion
import Execution
import Foundation
import Graphs
import ONNX
import OrderedCollections
import Quantization
import Tensors
import Testing

@Suite(.golden("ort_static")) struct ONNXRuntimeStaticGoldenTests {
  static let cases = GoldenSet.current.cases("ort_static")

  /// Import, calibrate, convert with the options of `quantize_static`, run on int8 kernels.
  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    guard golden.kind == "ort_quantize_static_qdq" else { return recordUnknownKind(golden) }
    let source = try model(golden["float_model"])
    let name = try #require(source.graph.inputs.first?.name)
    let layers = try LayerGraph(model: source)
    let batches = try golden["calibration"].array.map(GoldenSet.current.tensor)
    let statistics = try Calibrator(layers: layers).run(
      batches.map { InputBatch(inputs: [name: $0], sampleCount: $0.shape[0]) })
    let resolution = try layers.resolve(try recipe(golden["options"]))
    var whatIf = WhatIf(layers: layers, statistics: statistics)
    let conversion = try Converter.convert(
      layers, resolution, edgeParameters: try whatIf.parameters(for: resolution))

    GraphAgreement(expected: golden, found: conversion.model.graph).check()

    let input = [name: try GoldenSet.current.tensor(golden["input"])]
    let float = try Executor(model: source, options: ExecutionOptions(mode: .float)).run(input)
    let floatOutput = try GoldenSet.current.tensor(golden["float_output"])
    try expectClose(float, floatOutput, tolerance: 1e-5 * (floatOutput.floats.map(abs).max() ?? 1))
    let output = try #require(conversion.model.graph.outputs.first?.name)
    let step = try #require(conversion.edgeParameters[output]?.scale)
    let expected = try GoldenSet.current.tensor(golden["quantized_output"])
    for mode in [ExecutionMode.simulated, .integer] {
      let ours = try Executor(model: conversion.model, options: ExecutionOptions(mode: mode))
      try expectClose(ours.run(input), expected, tolerance: 1.001 * step)
      let theirs = try Executor(
        model: model(golden["quantized_model"]), options: ExecutionOptions(mode: mode))
      try expectClose(theirs.run(input), expected, tolerance: 1.001 * step)
    }
  }

  private func model(_ path: JSONValue) throws -> Model {
    try ModelImporter.load(
      path: GoldenSet.current.root.appending(path: try #require(path.string)).path())
  }

  private func expectClose(
    _ found: [String: Tensor], _ expected: Tensor, tolerance: Float,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let tensor = try #require(found.values.first)
    try #require(tensor.shape == expected.shape)
    let largest = zip(tensor.floats, expected.floats).map { abs($0 - $1) }.max() ?? 0
    #expect(largest <= tolerance, sourceLocation: location)
  }

  /// The options of `quantize_static` as rules over its defaults.
  private func recipe(_ options: JSONValue) throws -> Recipe {
    var change = QConfigChange()
    for (name, value) in options.members {
      switch name {
      case "activation_type": change.activation.type = try QuantizedType(onnxRuntime: value)
      case "weight_type": change.weight.type = try QuantizedType(onnxRuntime: value)
      case "per_channel": change.weight.granularity = value.bool == true ? .perChannel : .perTensor
      case "reduce_range": change.weight.reduceRange = value.bool
      case "extra_options":
        for (name, value) in value.members {
          switch name {
          case "ActivationSymmetric":
            change.activation.symmetry = value.bool == true ? .symmetric : .affine
          case "WeightSymmetric":
            change.weight.symmetry = value.bool == true ? .symmetric : .affine
          default: Issue.record("unknown extra option '\(name)' of quantize_static")
          }
        }
      default: Issue.record("unknown option '\(name)' of quantize_static")
      }
    }
    if change.weight.type == .quint8, change.weight.symmetry == nil {
      // ONNX Runtime takes symmetric weights for granted in signed types only.
      change.weight.symmetry = .affine
    }
    return Recipe(target: .ortSigned, rules: [Rule(.global, change)])
  }
}
