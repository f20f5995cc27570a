import ArgumentParser
import Conversion
import Datasets
import Workbench

struct Quantize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Calibrate, convert and export in one go.",
    discussion: "Data are needed where a layer is quantized statically.")

  @Argument(help: "An ONNX model.", completion: .file(extensions: ["onnx"]))
  var model: String

  @Option(name: .shortAndLong, help: "The ONNX file to write.")
  var output: String

  @OptionGroup var format: FormatArguments
  @OptionGroup var data: DataArguments
  @OptionGroup var recipe: RecipeArguments
  @OptionGroup var shapes: ShapeArguments
  @OptionGroup var host: HostArguments
  @OptionGroup var printing: OutputArguments

  func run() throws {
    let recipe = try recipe.recipe()
    var workspace = Workspace(
      project: try Project(path: model, options: host.options, shapes: try shapes.parsed()))
    try workspace.project.refuseToReplace(at: output)
    try self.recipe.check(workspace.project)
    try workspace.project.group(by: recipe)
    let needsCalibration = try workspace.project.layers.resolve(recipe).needsCalibration
    var dataset: Dataset?
    if needsCalibration || data.data != nil {
      let (samples, calibrator) = try data.calibration(workspace)
      try workspace.calibrateShowingProgress(samples, with: calibrator)
      dataset = samples
    }
    var analysis = Analysis(layers: workspace.project.layers, statistics: workspace.statistics)
    try ExportReport(
      workspace, recipe, to: output, format: format, analysis: &analysis, dataset: dataset
    ).show(json: printing.json)
  }
}
