import Quantization
import Sessions

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
    return text + members(calibrate.mapping, calibrate.labels, calibrate.seed)
  }

  private func members(_ mapping: [String: String], _ labels: String?, _ seed: UInt64?) -> String {
    mapping.sorted { $0.key < $1.key }.map { " --map \(shellQuoted("\($0.key)=\($0.value)"))" }
      .joined() + (labels.map { " --labels \(shellQuoted($0))" } ?? "")
      + (seed.map { " --seed \($0)" } ?? "")
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

  /// What does again a training with all that came before it: `replay` where it began with trained
  /// weights, was ended early, or orders samples by a seed of their own.
  var trainCommand: String {
    guard let record = train.record else { return "" }
    let hasOwnOrder = record.data.seed.map { $0 != record.settings.seed } ?? false
    if !trainings.isEmpty || record.result?.stop != nil || hasOwnOrder {
      return "octet replay \(sessionArgument)"
    }
    var text = "octet train \(modelArgument) --data "
    text += shellQuoted(record.data.path.isEmpty ? "random" : record.data.path)
    if !record.data.preprocessing.isEmpty {
      text += " --preprocess " + shellQuoted(record.data.preprocessing)
    }
    if let limit = record.data.limit { text += " --limit \(limit)" }
    text += members(record.data.mapping ?? [:], record.data.labels, record.data.seed)
    text += " --target \(record.recipe.target.rawValue)"
    text += record.recipe.rules.map { " --set \(shellQuoted($0.text))" }.joined()
    let settings = record.settings
    switch settings.loss {
    case .crossEntropy, .meanSquaredError: text += " --loss \(settings.loss?.rawValue ?? "")"
    case .divergence, .noiseToSignal: text += " --distill \(settings.loss?.rawValue ?? "")"
    case nil: break
    }
    text += " --epochs \(settings.epochs) --learning-rate \(settings.rate)"
    text += " --schedule \(settings.schedule) --optimizer \(settings.optimizer.rawValue)"
    text += " --mini-batch \(settings.batchSize) --validation-share \(settings.validationShare)"
    text += (settings.layers ?? []).map { " --layer \(shellQuoted($0))" }.joined()
    text += " --isa \(record.instructionSet) --threads \(record.threads)"
    return text + " --session TRAINED.octet.json -o MODEL.int8.onnx"
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
