import ArgumentParser
import Calibration
import Conversion
import Datasets
import Execution
import Foundation
import Graphs
import Kernels
import ONNX
import Quantization
import Sessions
import Tensors
import Workbench

struct Benchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time models run by run in turn, whole and layer by layer.",
    discussion: "A session stands for its int8 graph. Ratios are medians over pairs of runs.")

  @Argument(help: "Float or quantized ONNX models, or sessions; the first is the reference.")
  var models: [String]

  @Option(help: "Counted runs of each model.")
  var runs = 30

  @Option(name: .customLong("warm-up"), help: "Runs before the counted ones.")
  var warmUp = 3

  @OptionGroup var data: DataArguments
  @OptionGroup var shapes: ShapeArguments
  @OptionGroup var dynamic: DynamicArguments
  @OptionGroup var host: HostArguments
  @OptionGroup var output: OutputArguments

  func validate() throws {
    if models.isEmpty { throw ValidationError("Name at least one model.") }
    if runs < 1 || warmUp < 0 {
      throw ValidationError("--runs takes 1 or more, --warm-up 0 or more.")
    }
  }

  func run() throws {
    let subjects = try models.map(subject)
    let runner = BenchmarkRunner(
      runs: runs, warmUp: warmUp, threads: host.threads, instructionSet: host.isa,
      countsSaturation: false, dynamicQuantization: dynamic.quantization)
    let report = try runner.run(subjects, inputs: try inputs())
    let peak = HostPeak.measure(threads: host.threads, instructionSet: host.isa)
    if output.json {
      return try printJSON(report.results.map { Report($0, under: peak) })
    }
    for (index, result) in report.results.enumerated() {
      show(result, under: peak)
      if index > 0 {
        print(
          "  \(Numbers.decimal(report.speedUp(of: index), places: 2))× as fast as \(report.results[0].model)"
        )
      }
    }
  }

  private func subject(_ path: String) throws -> BenchmarkSubject {
    if path.hasSuffix(".json") {
      let session = try SessionFile(path: path).read()
      let workspace = try Workspace(session, at: path, options: host.options)
      var analysis = Analysis(layers: workspace.project.layers, statistics: workspace.statistics)
      return BenchmarkSubject(
        name: path, model: try analysis.convert(session.recipe).model, mode: .integer)
    }
    let model = try ModelImporter.load(path: path)
    return BenchmarkSubject(name: path, model: model, mode: ExecutionMode(for: model))
  }

  /// The first batch of the data, or seeded random numbers at the model's shapes.
  private func inputs() throws -> [String: Tensor] {
    let path = try reference()
    let project = try Project(path: path, options: host.options, shapes: try shapes.parsed())
    let batch: Batch
    if data.data != nil {
      batch = try data.dataset(project, purpose: .evaluation).batch(at: 0)
    } else {
      batch = try project.dataset(
        DataRequest(path: "", preprocessing: "", batchSize: data.batch, limit: data.batch)
      ).batch(at: 0)
    }
    return try Workspace(project: project).sampleInputs(batch)
  }

  private func reference() throws -> String {
    guard models[0].hasSuffix(".json") else { return models[0] }
    return try Workspace(
      try SessionFile(path: models[0]).read(), at: models[0], options: host.options
    ).project.path
  }

  private func show(_ result: BenchmarkResult, under peak: HostPeak) {
    var table = TextTable([
      ("layer", .left), ("operator", .left), ("µs", .right), ("GMAC/s", .right), ("peak", .right),
      ("moved", .right), ("bound by", .left), ("at", .right), ("run", .right), ("kernel", .left),
    ])
    var remarks: [(String, String)] = []
    for layer in result.layers {
      let roofline = Roofline(layer, under: peak)
      table.append([
        layer.name, layer.operator, Numbers.decimal(layer.medianMicroseconds),
        layer.macs > 0 ? Numbers.decimal(layer.throughput) : "",
        roofline?.shareOfPeak.map(Numbers.percent) ?? "",
        Numbers.bytes(layer.bytesMoved), roofline?.ceiling.rawValue ?? "",
        roofline.map { Numbers.percent($0.share) } ?? "",
        layer.safeRun.map { Numbers.decimal($0) } ?? "",
        layer.kernel,
      ])
      let isInteger = result.mode == ExecutionMode.integer.rawValue
      if let remark = LayerRemark.text(layer, under: peak, isExpectedInteger: isInteger) {
        remarks.append((layer.name, remark))
      }
    }
    print("\(result.model)  \(result.threads) thread(s), \(result.runs) runs")
    print(table.formatted())
    print(
      "  peak: \(Numbers.decimal(peak.float32)) GMAC/s fp32, \(Numbers.decimal(peak.int8)) int8 in 32 bits,"
        + " \(Numbers.decimal(peak.int8Narrow)) in 16; copies \(Numbers.decimal(peak.memory.copy)) GB/s in memory,"
        + (peak.lastCache.map { " \(Numbers.decimal($0.copy)) in L3," } ?? "")
        + " \(Numbers.decimal(peak.cache.copy)) in L2")
    let slowest = Set(
      result.layers.sorted { $0.medianMicroseconds > $1.medianMicroseconds }
        .prefix(Self.explainedLayers).map(\.name))
    for (layer, remark) in remarks where slowest.contains(layer) { print("  \(layer): \(remark)") }
    print(
      "  median \(Numbers.decimal(result.medianMilliseconds, places: 3)) ms,"
        + " minimum \(Numbers.decimal(result.minimumMilliseconds, places: 3)) ms,"
        + " p90 \(Numbers.decimal(result.percentile90Milliseconds, places: 3)) ms")
  }

  /// How many of the slowest layers are told why.
  private static let explainedLayers = 5

  /// What `--json` promises.
  private struct Report: Encodable {
    struct Layer: Encodable {
      let name, `operator`, kernel: String
      let medianMicroseconds: Double
      let macs, bytesMoved: Int
      let safeRun: Double?
      /// `arithmetic`, `L2`, `L3` or `memory`.
      let boundBy: String?
      let shareOfPeak, shareOfBound: Double?
      let remark: String?
    }
    let model: String
    let threads, runs: Int
    let medianMilliseconds, minimumMilliseconds: Double
    let layers: [Layer]

    init(_ result: BenchmarkResult, under peak: HostPeak) {
      model = result.model
      threads = result.threads
      runs = result.runs
      medianMilliseconds = result.medianMilliseconds
      minimumMilliseconds = result.minimumMilliseconds
      let isInteger = result.mode == ExecutionMode.integer.rawValue
      layers = result.layers.map { layer in
        let roofline = Roofline(layer, under: peak)
        return Layer(
          name: layer.name, operator: layer.operator, kernel: layer.kernel,
          medianMicroseconds: layer.medianMicroseconds, macs: layer.macs,
          bytesMoved: layer.bytesMoved, safeRun: layer.safeRun,
          boundBy: roofline?.ceiling.rawValue, shareOfPeak: roofline?.shareOfPeak,
          shareOfBound: roofline?.share,
          remark: LayerRemark.text(layer, under: peak, isExpectedInteger: isInteger))
      }
    }
  }
}
