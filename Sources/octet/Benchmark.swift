import ArgumentParser
import Calibration
import Conversion
import Datasets
import Execution
import Foundation
import Graphs
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
    if output.json { return try printJSON(report.results.map(Report.init)) }
    for (index, result) in report.results.enumerated() {
      show(result)
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

  private func show(_ result: BenchmarkResult) {
    var table = TextTable([
      ("layer", .left), ("operator", .left), ("µs", .right), ("GMAC/s", .right), ("kernel", .left),
    ])
    for layer in result.layers {
      table.append([
        layer.name, layer.operator, Numbers.decimal(layer.medianMicroseconds),
        layer.macs > 0 ? Numbers.decimal(layer.throughput) : "", layer.kernel,
      ])
    }
    print("\(result.model)  \(result.threads) thread(s), \(result.runs) runs")
    print(table.formatted())
    print(
      "  median \(Numbers.decimal(result.medianMilliseconds, places: 3)) ms,"
        + " minimum \(Numbers.decimal(result.minimumMilliseconds, places: 3)) ms,"
        + " p90 \(Numbers.decimal(result.percentile90Milliseconds, places: 3)) ms")
  }

  /// What `--json` promises.
  private struct Report: Encodable {
    struct Layer: Encodable {
      let name, `operator`, kernel: String
      let medianMicroseconds: Double
      let macs: Int
    }
    let model: String
    let threads, runs: Int
    let medianMilliseconds, minimumMilliseconds: Double
    let layers: [Layer]

    init(_ result: BenchmarkResult) {
      model = result.model
      threads = result.threads
      runs = result.runs
      medianMilliseconds = result.medianMilliseconds
      minimumMilliseconds = result.minimumMilliseconds
      layers = result.layers.map { layer in
        Layer(
          name: layer.name, operator: layer.operator, kernel: layer.kernel,
          medianMicroseconds: layer.medianMicroseconds, macs: layer.macs)
      }
    }
  }
}
