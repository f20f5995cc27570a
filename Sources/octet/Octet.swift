import ArgumentParser
import Foundation
import Workbench

/// The `octet` command: parses, calls, prints. What is done is decided in Workbench.
@main
struct Octet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "octet",
    abstract: "A terminal workbench for int8 quantization of ONNX models.",
    discussion: """
      octet                       choose among recent sessions and the sample
      octet model.onnx            open a model in the workbench
      octet session.octet.json    open a session in the workbench

      Without a terminal, the subcommands do the same work; each has --json.
      Exit status: 0 done, 1 the model or data are at fault, 2 wrong usage, 3 a check did not hold.
      """,
    version: "octet \(Version.current)",
    subcommands: [
      Open.self, Inspect.self, Run.self, Calibrate.self, Convert.self, Quantize.self,
      Train.self, Replay.self, Compare.self, Benchmark.self, Doctor.self,
    ],
    defaultSubcommand: Open.self)

  static func main() {
    // A closed pipe ends the output, not the program with a signal.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      leave(with: error)
    }
  }

  /// Prints one message and ends with the status that `--help` names.
  private static func leave(with error: any Error) -> Never {
    if let check = error as? CheckFailed {
      warn("\(check)")
      Foundation.exit(3)
    }
    let code = exitCode(for: error)
    if code == .success {
      print(fullMessage(for: error))
      Foundation.exit(0)
    }
    if code == .validationFailure {
      FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
      Foundation.exit(2)
    }
    if let code = error as? ExitCode { Foundation.exit(code.rawValue) }
    warn("\(error)")
    Foundation.exit(1)
  }
}

/// A comparison that a person asked for did not hold.
struct CheckFailed: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
