import ArgumentParser
import Calibration
import Conversion
import Datasets
import Foundation
import Quantization
import Sessions
import Workbench

struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Observe data with every observer at once; writes a session.")

  @Argument(help: "An ONNX model.", completion: .file(extensions: ["onnx"]))
  var model: String

  @Option(name: .shortAndLong, help: "The session file to write.")
  var output: String

  @OptionGroup var data: DataArguments
  @OptionGroup var recipe: RecipeArguments
  @OptionGroup var shapes: ShapeArguments
  @OptionGroup var host: HostArguments
  @OptionGroup var format: OutputArguments

  func run() throws {
    let recipe = try recipe.recipe()
    var workspace = Workspace(
      project: try Project(path: model, options: host.options, shapes: try shapes.parsed()))
    try workspace.project.refuseToReplace(at: output)
    try self.recipe.check(workspace.project)
    try workspace.project.group(by: recipe)
    for rule in try workspace.project.layers.resolve(recipe).unmatchedRules { warn("\(rule)") }
    let (dataset, calibrator) = try data.calibration(workspace)
    try workspace.calibrateShowingProgress(dataset, with: calibrator)
    let content = SessionContent(
      recipe: recipe, data: data.request, errors: nil, benchmark: nil,
      log: [LogEntry(.command, CommandLine.arguments.map(shellQuoted).joined(separator: " "))])
    try SessionFile(path: output).write(workspace.session(content, at: output))
    guard let summary = workspace.calibrationSummary else { throw WorkbenchError.notCalibrated }
    if format.json { return try printJSON(Report(summary, session: output)) }
    print(
      "Observed \(summary.samples) samples in \(summary.batches) batches,"
        + " \(summary.edges) tensors, \(Numbers.decimal(summary.seconds)) s. Session: \(output)")
    if summary.nonFiniteCount > 0 {
      warn("\(summary.nonFiniteCount) values were NaN or infinite and were left out.")
    }
  }

  private struct Report: Encodable {
    let session: String
    let batches, samples, tensors, nonFiniteValues: Int
    let seconds: Double
    init(_ summary: CalibrationSummary, session: String) {
      self.session = session
      batches = summary.batches
      samples = summary.samples
      tensors = summary.edges
      nonFiniteValues = summary.nonFiniteCount
      seconds = summary.seconds
    }
  }
}
