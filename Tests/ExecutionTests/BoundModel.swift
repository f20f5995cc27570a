import Calibration
import Conversion
import Execution
import Foundation
import Graphs
import ONNX
import Quantization
import Tensors
import Testing

/// A model that runs from inputs to outputs in one part.
struct BoundModel: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let model: Model
  let inputs: [String: Tensor]
  let mode: ExecutionMode

  /// Fixtures in fp32, int8 and dynamic int8, and every small case that is recorded.
  static let all: [BoundModel] = fixtures + recorded

  private static let fixtures = ["mnist_cnn", "mnist_mobilenet", "toy_conv_linear_lstm"].flatMap {
    name in
    [
      ("fp32", nil), ("int8", Recipe(target: .x86)),
      ("dynamic", try? Recipe(target: .x86, "all:precision=dynamic,weight.granularity=perTensor")),
    ].compactMap { kind, recipe in try? BoundModel(name, kind, recipe) }
  }

  /// Those whose way the data do not decide.
  private static let recorded: [BoundModel] = [
    ("operators", RecordedCase.operators), ("quantized", RecordedCase.quantized),
    ("codes", RecordedCase.codes), ("dynamic", RecordedCase.dynamic),
  ].flatMap { family, cases in
    cases.flatMap { recorded in
      (family == "operators" ? [.float] : [ExecutionMode.float, .integer])
        .map { mode in
          BoundModel(
            testDescription: "\(recorded.name) \(mode.rawValue)", model: recorded.model,
            inputs: recorded.feeds, mode: mode)
        }
    }
  }

  private init(
    testDescription: String, model: Model, inputs: [String: Tensor], mode: ExecutionMode
  ) {
    self.testDescription = testDescription
    self.model = model
    self.inputs = inputs
    self.mode = mode
  }

  /// - Parameter recipe: for int8; `nil` leaves the model as it is.
  private init(_ name: String, _ kind: String, _ recipe: Recipe?) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder = name == "mnist_cnn" ? "sessions" : "Tests/Fixtures/Models"
    let layers = try LayerGraph(
      model: ModelImporter.load(path: root.appending(path: "\(folder)/\(name).onnx").path()))
    let inputs = layers.model.graph.requiredInputs.reduce(into: [String: Tensor]()) { made, input in
      let extents = (input.dimensions ?? []).map { $0.fixedExtent ?? 1 }
      let shape = Shape(extents)
      made[input.name] = Tensor(
        (0..<shape.elementCount).map { sin(Float($0) * 0.37) }, shape: shape)
    }
    var model = layers.model
    if let recipe {
      let resolution = try layers.resolve(recipe)
      var whatIf = WhatIf(
        layers: layers,
        statistics: try Calibrator(layers: layers).run([
          InputBatch(inputs: inputs, sampleCount: 1)
        ]))
      model =
        try Converter.convert(
          layers, resolution, edgeParameters: whatIf.parameters(for: resolution)
        ).model
    }
    self.init(
      testDescription: "\(name) \(kind)", model: model, inputs: inputs,
      mode: ExecutionMode(for: model))
  }
}

extension Recipe {
  fileprivate init(target: Target, _ rule: String) throws {
    self.init(target: target)
    let rule = try Rule(parsing: rule)
    set(rule.change, for: rule.scope)
  }
}
