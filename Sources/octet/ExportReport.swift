import ArgumentParser
import Calibration
import Conversion
import Datasets
import Foundation
import Quantization
import Workbench

extension ExportFormat: ExpressibleByArgument {}

/// In which words the exported model is written.
struct FormatArguments: ParsableArguments {
  @Option(
    help: """
      qdq: QuantizeLinear and DequantizeLinear around float operators; qoperator: QLinearConv and \
      its kin, for runtimes that want them.
      """)
  var format: ExportFormat = .qdq

  @Flag(help: "Print the operators of every layer before and after conversion to QDQ.")
  var show = false
}

/// Exports, and says what came of it.
struct ExportReport: Encodable {
  let path: String
  let bytes: Int
  let int8Layers, dynamicLayers, weightOnlyLayers, floatLayers: Int
  let floatWeightBytes, int8WeightBytes: Int
  let verification: String
  let notes: [String]
  /// What ONNX Runtime's kernels on AVX2 without VNNI would saturate, where data are at hand.
  let saturation: SaturationSummary?
  /// Only when asked for.
  let layers: [Layer]?
  private let layerText: String

  private enum CodingKeys: String, CodingKey {
    case path, bytes, int8Layers, dynamicLayers, weightOnlyLayers, floatLayers
    case floatWeightBytes, int8WeightBytes, verification, notes, saturation, layers
  }

  struct Layer: Encodable {
    let layer: String
    let before, after: [String]
  }

  init(
    _ workspace: Workspace, _ recipe: Recipe, to path: String, format: FormatArguments,
    analysis: inout Analysis, dataset: Dataset?
  ) throws {
    let conversion = try analysis.summary(of: try analysis.convert(recipe), recipe)
    let export = try workspace.export(
      recipe, to: path, format: format.format, analysis: &analysis, dataset: dataset)
    self.path = path
    bytes = export.byteCount
    int8Layers = conversion.int8Layers
    dynamicLayers = conversion.dynamicLayers
    weightOnlyLayers = conversion.weightOnlyLayers
    floatLayers = conversion.floatLayers
    layerText = conversion.layerText
    floatWeightBytes = conversion.floatByteCount
    int8WeightBytes = conversion.int8ByteCount
    verification = export.verification
    notes = conversion.notes
    saturation = try dataset.flatMap { dataset in
      try workspace.saturation(
        recipe, format: format.format, dataset: dataset, analysis: &analysis)
    }
    layers =
      format.show
      ? try analysis.outlines(recipe).map { Layer(layer: $0, before: $1, after: $2) } : nil
  }

  func show(json: Bool) throws {
    if json { return try printJSON(self) }
    for note in notes { warn(note) }
    if let layers {
      var table = TextTable([("layer", .left), ("before", .left), ("after", .left)])
      for layer in layers {
        table.append([
          layer.layer, layer.before.joined(separator: ", "), layer.after.joined(separator: ", "),
        ])
      }
      print(table.formatted())
    }
    print(
      "Wrote \(path), \(Numbers.bytes(bytes)): \(layerText);"
        + " constants \(Numbers.bytes(floatWeightBytes)) → \(Numbers.bytes(int8WeightBytes));"
        + " \(verification).")
    if let saturation { print(saturation.text) }
  }
}

extension Workspace {
  /// Calibrates with a line on standard error when a person is there.
  mutating func calibrateShowingProgress(
    _ dataset: Dataset, with calibrator: Calibrator? = nil
  ) throws {
    let line = StatusLine()
    try calibrate(dataset, with: calibrator, control: JobControl()) { progress in
      line.show(
        "calibrating \(progress.batchesDone)/\(dataset.batchCount),"
          + " \(Numbers.decimal(progress.batchesPerSecond)) batches/s")
    }
    line.clear()
  }
}
