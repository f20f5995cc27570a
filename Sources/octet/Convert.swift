import ArgumentParser
import Sessions
import Workbench

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert a calibrated session to int8 and export it.")

  @Argument(help: "A session that calibrate or the workbench wrote.")
  var session: String

  @Option(name: .shortAndLong, help: "The ONNX file to write.")
  var output: String

  @OptionGroup var format: FormatArguments
  @OptionGroup var host: HostArguments
  @OptionGroup var printing: OutputArguments

  func run() throws {
    let document = try SessionFile(path: session).read()
    let workspace = try Workspace(document, at: session, options: host.options)
    var analysis = Analysis(layers: workspace.project.layers, statistics: workspace.statistics)
    try ExportReport(
      workspace, document.recipe, to: output, format: format, analysis: &analysis
    )
    .show(json: printing.json)
  }
}
