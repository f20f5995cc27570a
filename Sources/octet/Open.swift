import ArgumentParser
import Cells
import Foundation
import TerminalIO
import Workbench

struct Open: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Open a model or a session in the workbench (the default).")

  @Argument(
    help: "An ONNX model or a session; without one a chooser opens.",
    completion: .file(extensions: ["onnx", "json"]))
  var file: String?

  @Option(help: "A theme by name, or a TOML file.")
  var theme: String?

  @Flag(name: .customLong("ascii"), help: "Draw with ASCII characters only.")
  var forcesASCII = false

  @Flag(name: .customLong("no-color"), help: "Use no colour, as NO_COLOR does.")
  var noColour = false

  @Flag(help: "Let the mouse click and scroll; Shift-drag then selects text.")
  var mouse = false

  @OptionGroup var shapes: ShapeArguments
  @OptionGroup var host: HostArguments

  func run() throws {
    if let file, !FileManager.default.fileExists(atPath: file) {
      throw WorkbenchError.noFile(file)
    }
    let shapes = try shapes.parsed()
    let environment = ProcessInfo.processInfo.environment
    let theme = try ThemeFolders.theme(theme ?? environment["OCTET_THEME"])
    let folder = StateFolder()
    FileLogHandler.start(in: folder)
    try MainActor.assumeIsolated {
      let terminal = try CursesTerminal(
        options: TerminalOptions(
          color: noColour ? .never : .automatic, glyphs: forcesASCII ? .ascii : nil,
          usesMouse: mouse),
        environment: environment)
      let application = Application(terminal: terminal, theme: theme)
      application.start(
        opening: file, options: host.options, shapes: shapes, folder: folder,
        samples: SampleFolder.sessions())
      // Never returns: the run loop feeds keys, signals and results to the application.
      withExtendedLifetime(application) { RunLoop.main.run() }
    }
  }
}
