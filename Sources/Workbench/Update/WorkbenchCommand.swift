import Quantization
import Sessions

/// A word of the `:` command line and of the palette.
package struct WorkbenchCommand: Sendable {
  package let name: String
  /// `PATH`, `[RUNS]`; empty when it takes nothing.
  package let argument: String
  package let summary: String
  private let make: @Sendable (String, WorkbenchState) throws(CommandError) -> Action

  package var needsArgument: Bool { !argument.isEmpty && !argument.hasPrefix("[") }

  private init(
    _ name: String, _ argument: String = "", _ summary: String,
    _ make: @escaping @Sendable (String, WorkbenchState) throws(CommandError) -> Action
  ) {
    self.name = name
    self.argument = argument
    self.summary = summary
    self.make = make
  }

  /// In the order of the palette.
  package static let all: [WorkbenchCommand] = [
    WorkbenchCommand("open", "PATH", "open a model or a session") { text, _ in .openModel(text) },
    WorkbenchCommand("data", "PATH", "choose calibration data, or the word random") { text, _ in
      .chooseData(text)
    },
    WorkbenchCommand("preprocess", "KEY=VALUE,…", "how data are fed: scale, mean, std, layout …") {
      text, _ in .setPreprocessing(text == "none" ? "" : text)
    },
    WorkbenchCommand("batch", "N", "samples in one batch") { text, _ throws(CommandError) in
      .setBatchSize(try positive(text, of: "batch"))
    },
    WorkbenchCommand("limit", "N", "use only the first N samples, or the word all") {
      text, _ throws(CommandError) in
      .setLimit(text == "all" ? nil : try positive(text, of: "limit"))
    },
    WorkbenchCommand(
      "state", "INPUT=OUTPUT …", "outputs that the next step takes as inputs, or the word none"
    ) { text, _ in
      .setStates(text == "none" ? [] : text.split(separator: " ").map(String.init))
    },
    WorkbenchCommand("calibrate", "", "observe the data") { _, _ in .startCalibration },
    WorkbenchCommand("pause", "", "pause or go on calibrating or training") { _, _ in .togglePause
    },
    WorkbenchCommand("step", "", "observe one batch") { _, _ in .stepBatch },
    WorkbenchCommand("cancel", "", "cancel the running job") { _, _ in .cancelJob },
    WorkbenchCommand("target", "NAME", "x86, fbgemm, onednn, qnnpack or ort") {
      text, _ throws(CommandError) in
      guard let target = Target(rawValue: text) else {
        throw CommandError.badValue(
          command: "target", value: text, expected: Target.allCases.map(\.rawValue))
      }
      return .setTarget(target)
    },
    WorkbenchCommand("set", "RULE", "add a rule, such as op=Conv:weight.granularity=perTensor") {
      text, _ throws(CommandError) in
      do throws(RecipeError) {
        return .setRule(try Rule(parsing: text))
      } catch {
        throw CommandError.rule(error.description)
      }
    },
    WorkbenchCommand("only", "MODULE", "quantize this module and nothing else") { text, _ in
      .quantizeOnly(module: text)
    },
    WorkbenchCommand("errors", "", "measure what each layer loses") { _, _ in .analyseErrors },
    WorkbenchCommand("sensitivity", "", "quantize one layer at a time") { _, _ in .runSensitivity },
    WorkbenchCommand("worst", "", "go to the layer that loses most") { _, _ in .jumpToWorstLayer },
    WorkbenchCommand("convert", "", "build the int8 graph") { _, _ in .convert },
    WorkbenchCommand("train", "", "train with rounding in view, or go on with it") { _, _ in
      .startTraining
    },
    WorkbenchCommand(
      "training", "OPTION VALUE", "such as epochs 5, rate 0.001, layers worst 3, loss kl"
    ) { text, state throws(CommandError) in
      try trainingOption(text, state)
    },
    WorkbenchCommand("stop", "", "end training early, with what it has") { _, _ in .stopTraining },
    WorkbenchCommand("keep", "", "make the trained weights the model's own") { _, _ in
      .keepTraining
    },
    WorkbenchCommand("discard", "", "drop the trained weights") { _, _ in .discardTraining },
    WorkbenchCommand("benchmark", "", "time float and int8") { _, _ in .runBenchmark },
    WorkbenchCommand("threads", "N", "threads that kernels use") { text, _ throws(CommandError) in
      .setThreads(try positive(text, of: "threads"))
    },
    WorkbenchCommand("export", "[PATH]", "write the int8 model as QDQ ONNX") { text, _ in
      .export(path: text.isEmpty ? nil : text)
    },
    WorkbenchCommand("save", "[PATH]", "write the session") { text, _ in
      .save(path: text.isEmpty ? nil : text)
    },
    WorkbenchCommand("undo", "", "take the last change of the recipe back") { _, _ in .undo },
    WorkbenchCommand("redo", "", "do it again") { _, _ in .redo },
    WorkbenchCommand("theme", "NAME", "change colours") { text, _ in .setTheme(text) },
    WorkbenchCommand("help", "", "keys of this screen") { _, _ in .openHelp },
    WorkbenchCommand("quit", "", "leave") { _, _ in .quit },
  ]

  private static func trainingOption(
    _ text: String, _ state: WorkbenchState
  ) throws(CommandError) -> Action {
    let parts = text.split(maxSplits: 1) { $0 == " " || $0 == "=" }.map(String.init)
    let names = TrainFeature.Option.allCases.map(\.rawValue)
    guard let option = parts.first.flatMap(TrainFeature.Option.init(rawValue:)) else {
      throw .badValue(command: "training", value: parts.first ?? "", expected: names)
    }
    guard parts.count == 2 else {
      throw .missingArgument(command: "training \(option.rawValue)", argument: "a value")
    }
    // Refused here, where the line is at hand.
    var tried = state.train
    try tried.set(option, parts[1].trimmed)
    return .setTraining(option, parts[1].trimmed)
  }

  private static func positive(_ text: String, of name: String) throws(CommandError) -> Int {
    guard let number = Int(text), number > 0 else {
      throw CommandError.badValue(command: name, value: text, expected: ["a whole number above 0"])
    }
    return number
  }

  /// Those whose name or summary holds every word of `text`.
  package static func matching(_ text: String) -> [WorkbenchCommand] {
    let words = text.lowercased().split(separator: " ")
    return all.filter { command in
      let haystack = "\(command.name) \(command.summary)".lowercased()
      return words.allSatisfy { haystack.contains($0) }
    }
  }

  /// The action that a line asks for. A unique beginning of a name is enough.
  package static func parse(
    _ line: String, in state: WorkbenchState
  ) throws(CommandError) -> Action {
    let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
    guard let word = parts.first else { throw CommandError.unknown("", nearest: nil) }
    let argument = parts.count > 1 ? parts[1].trimmed : ""
    let name = word == "q" ? "quit" : word == "w" ? "save" : word
    let matches = all.filter { $0.name == name }
    let candidates = matches.isEmpty ? all.filter { $0.name.hasPrefix(name) } : matches
    guard candidates.count == 1 else {
      // Two letters the wrong way round are two edits, which is too far for short names.
      let swapped = all.first { $0.name.sorted() == word.sorted() }
      throw CommandError.unknown(
        word,
        nearest: (candidates.first ?? swapped)?.name
          ?? nearestName(to: word, among: all.map(\.name)))
    }
    let command = candidates[0]
    if command.needsArgument, argument.isEmpty {
      throw CommandError.missingArgument(command: command.name, argument: command.argument)
    }
    return try command.make(argument, state)
  }

  /// Lines that `line` could become.
  package static func completions(of line: String, in state: WorkbenchState) -> [String] {
    let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      return all.map(\.name).filter { $0.hasPrefix(line) }
    }
    let word = String(parts[0])
    let rest = String(parts[1])
    let values: [String] =
      switch word {
      case "target": Target.allCases.map(\.rawValue)
      case "data": ["random"]
      case "limit": ["all"]
      case "training": trainingCompletions
      case "set":
        ["all:", "op=", "match=", "module=", "layer=", "tensor="] + layerRules(state)
          + modules(state).map { "module=\($0):" }
      case "only": modules(state)
      default: []
      }
    return values.filter { $0.hasPrefix(rest) && $0 != rest }.map { "\(word) \($0)" }
  }

  private static var trainingCompletions: [String] {
    TrainFeature.Option.allCases.flatMap { option -> [String] in
      let values: [String] =
        switch option {
        case .layers: ["all", "marked", "worst "]
        case .loss: ["auto"] + TrainingSettings.Loss.allCases.map(\.rawValue)
        case .schedule: ["cosine", "constant", "step="]
        case .optimizer: TrainingSettings.Optimizer.allCases.map(\.rawValue)
        case .data, .preprocess: ["same"]
        case .samples: ["all"]
        case .epochs, .rate, .batch, .heldOut: [""]
        }
      return values.map { "\(option.rawValue) \($0)" }
    }
  }

  private static func modules(_ state: WorkbenchState) -> [String] {
    let enclosing = state.project?.layers.flatMap { ModulePath($0.id).enclosing.map(\.text) } ?? []
    return Set(enclosing).sorted()
  }

  private static func layerRules(_ state: WorkbenchState) -> [String] {
    state.project?.layers.map { "layer=\($0.id):" } ?? []
  }
}

/// Why a command line was not understood.
package enum CommandError: Error, Equatable, CustomStringConvertible {
  case unknown(String, nearest: String?)
  case missingArgument(command: String, argument: String)
  case badValue(command: String, value: String, expected: [String])
  case rule(String)

  package var description: String {
    switch self {
    case .unknown(let word, let nearest):
      "No command '\(word)'." + (nearest.map { " Did you mean '\($0)'?" } ?? "")
        + " Ctrl-P lists all."
    case .missingArgument(let command, let argument):
      "'\(command)' needs \(argument): type :\(command) \(argument)."
    case .badValue(let command, let value, let expected):
      "'\(value)' is no value for \(command); it takes \(expected.joined(separator: ", "))."
    case .rule(let message): message
    }
  }
}
