import ArgumentParser
import Calibration
import Conversion
import Datasets
import Execution
import Graphs
import ONNX
import Quantization
import Sessions
import Workbench

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare outputs and shared layers of two models on the same data.",
    discussion: """
      B may be a session: then its int8 graph is compared with A. With --minimum-sqnr or \
      --minimum-agreement the exit status is 3 when the outputs are further apart.
      """)

  @Argument(help: "The reference, usually the float model.")
  var a: String

  @Argument(help: "The model to judge: ONNX, or a session.")
  var b: String

  @Flag(help: "Compute QuantizeLinear and DequantizeLinear in float instead of on int8 kernels.")
  var simulate = false

  @Option(
    help:
      "Whose definition of SQNR: \(MetricProfile.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var metrics = MetricProfile.torch

  @Option(help: "Least signal to noise of every output, dB.")
  var minimumSqnr: Double?

  @Option(help: "Least share of samples with the same largest output, 0 to 1.")
  var minimumAgreement: Double?

  @OptionGroup var data: DataArguments
  @OptionGroup var dynamic: DynamicArguments
  @OptionGroup var host: HostArguments
  @OptionGroup var output: OutputArguments

  func run() throws {
    let project = try Project(path: a, options: host.options)
    let dataset = try data.dataset(project, purpose: .evaluation)
    let comparison = try ModelComparison(
      project.source, mode: .integer, try secondModel(), mode: simulate ? .simulated : .integer,
      threads: host.threads, instructionSet: host.isa, dynamicQuantization: dynamic.quantization,
      metrics: metrics)
    let report = try comparison.run(dataset)
    if output.json { try printJSON(report) } else { show(report) }
    try check(report)
  }

  private func secondModel() throws -> Model {
    guard b.hasSuffix(".json") else { return try ModelImporter.load(path: b) }
    let session = try SessionFile(path: b).read()
    let workspace = try Workspace(session, at: b, options: host.options)
    var analysis = Analysis(layers: workspace.project.layers, statistics: workspace.statistics)
    return try analysis.convert(session.recipe).model
  }

  private func show(_ report: ComparisonReport) {
    var layers = TextTable([
      ("value", .left), ("SQNR dB", .right), ("cosine", .right), ("largest", .right),
    ])
    for value in report.values { layers.append(Self.row(value.name, value.error)) }
    print(layers.formatted())
    for output in report.outputs {
      print(
        "output \(output.output): SQNR \(Numbers.decimal(output.error.decibels)) dB,"
          + " cosine \(Numbers.decimal(output.error.cosine, places: 6)),"
          + " largest error \(Numbers.decimal(Double(output.error.largestError), places: 6)),"
          + " \(report.sampleCount) samples")
      if let agreement = output.agreement { print("  same top-1: \(percent(agreement))") }
      if let first = output.firstAccuracy, let second = output.secondAccuracy {
        print("  accuracy: \(percent(first)) → \(percent(second))")
      }
    }
  }

  private static func row(_ name: String, _ error: ErrorSummary) -> [String] {
    [
      name, Numbers.decimal(error.decibels), Numbers.decimal(error.cosine, places: 6),
      Numbers.decimal(error.largestError, places: 6),
    ]
  }

  private func check(_ report: ComparisonReport) throws {
    for output in report.outputs {
      if let minimumSqnr, !(output.error.decibels >= minimumSqnr) {
        throw CheckFailed(
          "output '\(output.output)' has SQNR \(Numbers.decimal(output.error.decibels)) dB,"
            + " below \(minimumSqnr) dB.")
      }
      if let minimumAgreement, let agreement = output.agreement, agreement < minimumAgreement {
        throw CheckFailed(
          "output '\(output.output)' agrees on \(percent(agreement)) of samples,"
            + " below \(percent(minimumAgreement)).")
      }
    }
  }
}
