import ArgumentParser
import Datasets
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
      workspace, document.recipe, to: output, format: format, analysis: &analysis,
      dataset: dataset(document, workspace.project)
    ).show(json: printing.json)
  }

  /// The data of the session; a session converts without them, so data that are not there any more
  /// are only said to be missing.
  private func dataset(_ document: Session, _ project: Project) -> Dataset? {
    guard let request = document.dataRequest(at: session) else { return nil }
    do {
      return try project.dataset(request)
    } catch {
      warn("Saturation in other kernels is not counted: \(error)")
      return nil
    }
  }
}
