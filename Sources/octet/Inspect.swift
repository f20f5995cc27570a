import ArgumentParser
import Workbench

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List layers, shapes, parameters, work, and what can be quantized.")

  @Argument(help: "An ONNX model.", completion: .file(extensions: ["onnx"]))
  var model: String
  @OptionGroup var shapes: ShapeArguments
  @OptionGroup var host: HostArguments
  @OptionGroup var output: OutputArguments

  func run() throws {
    let project = try Project(path: model, options: host.options, shapes: try shapes.parsed())
    let summary = try project.summary()
    if output.json { return try printJSON(Report(summary)) }
    print(
      "\(summary.modelName)  opset \(summary.opset)  \(summary.parameterCount) parameters"
        + "  \(Numbers.decimal(Double(summary.multiplyAccumulates) / 1e6)) MMAC"
        + "  \(Numbers.bytes(summary.modelByteCount))")
    for line in summary.inputs { print("  in   \(line)") }
    for line in summary.outputs { print("  out  \(line)") }
    for (format, layers) in summary.storedFormats {
      let inFloat = summary.layers.count {
        $0.stored?.format == format && $0.stored?.runsOnCodes == false
      }
      print(
        "  quantized already: \(layers) layers, \(format)"
          + (inFloat > 0 ? "; \(inFloat) of them are computed in float" : ""))
    }
    var table = TextTable([
      ("layer", .left), ("operators", .left), ("output", .left), ("parameters", .right),
      ("MACs", .right), ("share", .right), ("int8", .left),
    ])
    for layer in summary.layers {
      table.append([
        layer.id, layer.title, layer.outputShape, "\(layer.parameterCount)",
        "\(layer.multiplyAccumulates)", percent(layer.share), layer.int8Words,
      ])
    }
    print(table.formatted())
    for note in summary.notes { warn(note) }
  }

  private struct Report: Encodable {
    struct Layer: Encodable {
      let name, title, operatorType, outputShape, weightShape, quantizable: String
      let parameters, macs: Int
      let block: String?
      let quantized: Stored?
    }
    /// How the file has quantized a layer already.
    struct Stored: Encodable {
      let format, weights, type: String
      let scale: Float?
      let zeroPoint: Int32?
      let runsInInt8: Bool?

      init(_ stored: StoredSummary) {
        format = stored.format
        weights = stored.weights
        type = stored.type
        scale = stored.scale
        zeroPoint = stored.zeroPoint
        runsInInt8 = stored.runsOnCodes
      }
    }
    let model, sha256: String
    let opset, parameters, macs, bytes: Int
    let inputs, outputs, notes: [String]
    let layers: [Layer]

    init(_ summary: ProjectSummary) {
      model = summary.modelPath
      sha256 = summary.modelDigest
      opset = summary.opset
      parameters = summary.parameterCount
      macs = summary.multiplyAccumulates
      bytes = summary.modelByteCount
      inputs = summary.inputs
      outputs = summary.outputs
      notes = summary.notes
      layers = summary.layers.map { layer in
        Layer(
          name: layer.id, title: layer.title, operatorType: layer.operatorType,
          outputShape: layer.outputShape, weightShape: layer.weightShape,
          quantizable: layer.role.words, parameters: layer.parameterCount,
          macs: layer.multiplyAccumulates, block: layer.block,
          quantized: layer.stored.map(Stored.init))
      }
    }
  }
}

extension LayerSummary {
  /// What int8 means for the layer: how the file has quantized it, or whether it can be.
  var int8Words: String {
    guard let stored else { return role.words }
    let codes = stored.scale.map { " S \($0) Z \(stored.zeroPoint ?? 0)" } ?? ""
    let place =
      switch stored.runsOnCodes {
      case true?: ", int8 kernel"
      case false?: ", computed in float"
      case nil: ""
      }
    let form =
      stored.shortForm.hasPrefix(stored.format)
      ? stored.shortForm : "\(stored.format) \(stored.shortForm)"
    return stored.isBoundary
      ? "begin or end of codes: \(form)\(codes)" : "already: \(form)\(codes)\(place)"
  }
}

extension LayerSummary.Role {
  /// Whether and why, in a few words.
  var words: String {
    switch self {
    case .quantizable: "yes"
    case .passThrough: "shares S and Z"
    case .float(let reason): "no: \(reason)"
    }
  }
}
