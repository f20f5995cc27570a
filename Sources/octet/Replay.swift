import ArgumentParser
import Conversion
import Datasets
import Foundation
import Kernels
import Sessions
import Workbench

struct Replay: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Do again what a session records: training, calibration, conversion.",
    discussion: """
      With --check the exit status is 3 when something comes out otherwise than the session says. The \
      same kernels and threads as recorded give the same bits; other kernels for calibration may \
      differ by the rounding of sums, which is allowed.
      """)

  @Argument(help: "A session that calibrate, train or the workbench wrote.")
  var session: String

  @Flag(help: "Fail when anything differs from what the session says.")
  var check = false

  @Flag(help: "Put trained weights that are missing back beside the session.")
  var restore = false

  @Option(name: .shortAndLong, help: "Also write the int8 model.")
  var output: String?

  @Option(help: "Kernels for calibration; those of the session where this processor has them.")
  var isa: InstructionSet?

  @Option(help: "Threads for calibration. Training takes as many as it took before.")
  var threads = 1

  @Option(help: "As convert has it, for --output.")
  var format: ExportFormat = .qdq

  @OptionGroup var printing: OutputArguments

  func validate() throws {
    if let isa, !InstructionSet.available.contains(isa) {
      throw ValidationError(isa.refusal)
    }
    guard (1...256).contains(threads) else {
      throw ValidationError("--threads takes a number from 1 to 256.")
    }
  }

  func run() throws {
    let document = try SessionFile(path: session).read()
    let line = StatusLine()
    var replay = try Workbench.Replay(
      document, at: session,
      options: HostOptions(instructionSet: kernels(document), threads: threads),
      progress: { line.show("\($0.detail) \($0.done)/\($0.total)") })
    if let output { try replay.workspace.project.refuseToReplace(at: output) }
    try replay.run(restoring: restore)
    line.clear()
    if let output {
      var analysis = Analysis(
        layers: replay.workspace.project.layers, statistics: replay.workspace.statistics)
      _ = try replay.workspace.export(
        document.recipe, to: output, format: format, analysis: &analysis, dataset: nil)
    }
    let differences = replay.differences
    if printing.json {
      try printJSON(
        Report(
          session: session, output: output, holds: differences.isEmpty, stages: replay.stages))
    } else {
      for stage in replay.stages { print("\(stage.name): \(stage.result)") }
      if let output { print("Wrote \(output).") }
    }
    for difference in differences { warn(difference) }
    if check, !differences.isEmpty {
      throw CheckFailed(
        "\(session) does not hold: \(differences.count)"
          + " difference\(differences.count == 1 ? "" : "s").")
    }
  }

  private func kernels(_ document: Session) -> InstructionSet {
    if let isa { return isa }
    let recorded = document.host.flatMap { InstructionSet(rawValue: $0.instructionSet) }
    return recorded.flatMap { InstructionSet.available.contains($0) ? $0 : nil } ?? .best
  }

  private struct Report: Encodable {
    let session: String
    let output: String?
    let holds: Bool
    let stages: [Workbench.Replay.Stage]
  }
}
