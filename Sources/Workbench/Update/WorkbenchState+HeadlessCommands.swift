import Quantization

/// The headless command that does again what a key has just done, for the log.
extension WorkbenchState {
  private var modelArgument: String { shellQuoted(project?.modelPath ?? "MODEL") }

  private var sessionArgument: String { shellQuoted(sessionPath ?? "SESSION") }

  private var dataArguments: String {
    var text = " --data " + shellQuoted(dataRequest.path.isEmpty ? "random" : dataRequest.path)
    if !calibrate.preprocessing.isEmpty {
      text += " --preprocess " + shellQuoted(calibrate.preprocessing)
    }
    if calibrate.batchSize != 1 { text += " --batch \(calibrate.batchSize)" }
    for state in calibrate.states { text += " --state \(shellQuoted(state))" }
    if let limit = calibrate.limit { text += " --limit \(limit)" }
    return text
  }

  var calibrateCommand: String {
    "octet calibrate \(modelArgument)\(dataArguments) --target \(recipe.target.rawValue)"
      + recipe.rules.map { " --set \(shellQuoted($0.text))" }.joined() + " -o \(sessionArgument)"
  }

  var compareCommand: String {
    "octet compare \(modelArgument) \(sessionArgument)\(dataArguments)"
  }

  var benchmarkCommand: String {
    "octet benchmark \(modelArgument) \(sessionArgument) --threads \(project?.threads ?? 1)"
  }

  var exportCommand: String { "octet convert \(sessionArgument) -o MODEL.int8.onnx" }
}

/// Ready for a shell.
package func shellQuoted(_ argument: String) -> String {
  let plain = argument.allSatisfy { $0.isLetter || $0.isNumber || "/._-+=:,@%".contains($0) }
  return plain && !argument.isEmpty
    ? argument
    : "'"
      + argument.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
}
