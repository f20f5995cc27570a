import Calibration
import Conversion
import Datasets
import Foundation
import Graphs
import ONNX
import Quantization
import Tensors

/// The committed digit classifier with its data.
enum Digits {
  private static var fixtures: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures")
  }

  static func layers() throws -> LayerGraph { try layers(of: "digits8_cnn") }

  static func layers(of model: String) throws -> LayerGraph {
    try LayerGraph(
      model: ModelImporter.load(path: fixtures.appending(path: "Models/\(model).onnx").path()))
  }

  /// Batches of real digits; `kind` is `calib` or `test`.
  static func batches(_ kind: String, count: Int, size: Int) throws -> [InputBatch] {
    let source = try DatasetSource.open(fixtures.appending(path: "Data/digits8_data.npz").path())
    let values = try source.tensor(kind + "_x").floats
    let labels: [Int64] = try source.tensor(kind + "_y").array()
    return (0..<count).map { batch in
      let samples = batch * size..<(batch + 1) * size
      let tensor = Tensor(
        Array(values[samples.lowerBound * 64..<samples.upperBound * 64]), shape: [size, 1, 8, 8])
      return InputBatch(
        inputs: ["input": tensor], sampleCount: size, labels: Array(labels[samples]))
    }
  }

  /// Statistics of `count` batches of 8 digits.
  static func statistics(_ layers: LayerGraph, count: Int = 4) throws -> CalibrationStatistics {
    try Calibrator(layers: layers).run(batches("calib", count: count, size: 8))
  }

  /// A whole conversion with what it was made from.
  static func conversion(
    _ layers: LayerGraph, _ recipe: Recipe = Recipe(target: .onednn)
  ) throws -> (resolution: Resolution, whatIf: WhatIf, conversion: Conversion) {
    let resolution = try layers.resolve(recipe)
    var whatIf = WhatIf(layers: layers, statistics: try statistics(layers))
    let parameters = try whatIf.parameters(for: resolution)
    return (
      resolution, whatIf, try Converter.convert(layers, resolution, edgeParameters: parameters)
    )
  }

  static func keepFloat(_ scope: RuleScope) -> Rule {
    var change = QConfigChange()
    change.precision = .float32
    return Rule(scope, change)
  }
}
