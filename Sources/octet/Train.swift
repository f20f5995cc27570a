import ArgumentParser
import Conversion
import Datasets
import Foundation
import Kernels
import ONNX
import Quantization
import Sessions
import Training
import Workbench

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model with its int8 rounding in view, and export it.",
    discussion: """
      With labels the loss is cross-entropy; without, or with --distill, the model learns from its own \
      float outputs. A part of the samples is kept apart to judge every epoch by, unless --validation \
      names others. The best epoch by the int8 model is written.
      """)

  @Argument(help: "An ONNX model in float.", completion: .file(extensions: ["onnx"]))
  var model: String

  @Option(name: .shortAndLong, help: "The int8 ONNX file to write.")
  var output: String

  @Option(help: "Also write the trained float model.")
  var floatOutput: String?

  @Option(
    help: """
      Also write a session with the trained weights beside it: for the workbench, convert, and replay.
      """)
  var session: String?

  @OptionGroup var data: DataArguments
  @OptionGroup var recipe: RecipeArguments
  @OptionGroup(title: "Training options") var training: TrainingArguments
  @OptionGroup var host: HostArguments
  @OptionGroup var printing: OutputArguments

  func validate() throws {
    if data.batch != 1 { throw ValidationError("Training takes --mini-batch in place of --batch.") }
    if !data.states.isEmpty { throw ValidationError("Training takes no --state.") }
    if session != nil, training.learnScales || training.ranges != .recipe {
      throw ValidationError(
        "A session keeps trained ranges as rules, which weights under --learn-scales or --ranges"
          + " \(TrainingSettings.Ranges.torch.rawValue) do not follow: leave --session or these out."
      )
    }
    if training.resume, training.checkpoint == nil {
      throw ValidationError("--resume needs --checkpoint, which names what to go on from.")
    }
  }

  func run() throws {
    let recipe = try recipe.recipe()
    let workspace = Workspace(project: try Project(path: model, options: host.options))
    for path in [output, floatOutput, session].compactMap(\.self) {
      try workspace.project.refuseToReplace(at: path)
    }
    try workspace.project.refuseToQuantizeAgain()
    try self.recipe.check(workspace.project)
    try data.require()
    var record = TrainingRecord(
      settings: try training.settings(seed: data.seed),
      data: Session.DataReference(data.request), validation: training.validationData,
      recipe: recipe, instructionSet: host.isa.rawValue, threads: host.threads)
    let prepared = try workspace.prepareTraining(record)
    try warn(about: prepared.data)
    let run = prepared.run
    record = prepared.record
    if training.resume, let path = training.checkpoint { try run.resume(from: path) }
    let line = StatusLine()
    let float = try run.judgeFloat()
    let outcome = try run.run(
      checkpoint: training.checkpoint,
      progress: { progress in
        line.show(progress)
        if let report = progress.report, !printing.json { print(report.line) }
      })
    record.result = TrainingResult(outcome, float: float, calibrated: nil)
    let trained = try run.trained()
    try ModelExporter.save(trained.conversion.model, to: output)
    if let floatOutput { try ModelExporter.save(trained.float, to: floatOutput) }
    if let session { try write(session, workspace, trained, record, recipe) }
    try show(TrainReport(outcome, output: output, floatOutput: floatOutput, session: session))
  }

  private func write(
    _ path: String, _ workspace: Workspace, _ trained: TrainedModel, _ record: TrainingRecord,
    _ recipe: Recipe
  ) throws {
    var workspace = workspace
    let (kept, recipe) = try workspace.adopt(
      trained, of: record, in: URL(fileURLWithPath: path).deletingLastPathComponent().path,
      under: recipe)
    let request = try observed(workspace.project)
    try workspace.calibrateShowingProgress(try workspace.project.dataset(request))
    var content = SessionContent(
      recipe: recipe, data: request, errors: nil, benchmark: nil,
      log: [LogEntry(.command, CommandLine.arguments.map(shellQuoted).joined(separator: " "))])
    content.trainings = [kept]
    try SessionFile(path: path).write(workspace.session(content, at: path))
  }

  /// Some of the samples that were trained on, by the names of their members: a file may hold others
  /// for calibration, which another preprocessing would fit.
  private func observed(_ project: Project) throws -> DataRequest {
    var request = data.request
    // Random samples are those that were trained on, however many.
    guard !request.path.isEmpty else { return request }
    request.limit = min(data.limit ?? Self.mostObserved, Self.mostObserved)
    for binding in try project.dataset(data.request, purpose: .training).bindings {
      request.mapping[binding.input.name] =
        request.mapping[binding.input.name] ?? binding.member.name
    }
    return request
  }

  private static let mostObserved = 512

  private func show(_ report: TrainReport) throws {
    if printing.json { return try printJSON(report) }
    guard let before = report.epochs.first,
      let best = report.epochs.first(where: {
        $0.epoch == report.bestEpoch
      })
    else { return }
    print("int8 before training: \(before.converted.text)")
    print(
      "int8 of epoch \(best.epoch), written to \(report.output): \(best.converted.text)"
        + (report.floatOutput.map { "; float weights to \($0)" } ?? "")
        + (report.session.map { "; session to \($0)" } ?? ""))
  }
}

/// How a model is trained.
struct TrainingArguments: ParsableArguments {
  enum Distillation: String, ExpressibleByArgument, CaseIterable { case kl, sqnr }
  enum LossName: String, ExpressibleByArgument, CaseIterable {
    case crossEntropy = "cross-entropy"
    case mse
  }

  @Option(
    name: .customLong("layer"),
    help: ArgumentHelp(
      "Train only this layer's weights, by its name. Repeat for more layers.", valueName: "layer"))
  var layers: [String] = []

  @Option(help: "Rounds over the samples.")
  var epochs = 3

  @Option(help: "Samples in one update.")
  var miniBatch = 32

  @Option(help: "The loss with labels: cross-entropy (the default) or mse.")
  var loss: LossName?

  @Option(
    help: """
      Learn from the model's own float outputs, without labels: kl, for outputs that are classes, or \
      sqnr.
      """)
  var distill: Distillation?

  @Option(help: "Softens the classes of --distill kl.")
  var temperature: Float = 1

  @Option(help: "Also pull this inner value towards the float model's. Repeat for more.")
  var match: [String] = []

  @Option(help: "How much the inner values of --match count together.")
  var matchWeight = 1.0

  @Option(help: "adamw or sgd.")
  var optimizer: TrainingSettings.Optimizer = .adamw

  @Option(help: "The learning rate to begin with.")
  var learningRate: Float = 0.0005

  @Option(help: "Of sgd.")
  var momentum: Float = 0.9

  @Option(help: "Pulls weights towards zero.")
  var weightDecay: Float = 0

  @Option(help: "The learning rate over the run: constant, cosine, or step=EPOCHS:FACTOR.")
  var schedule = "cosine"

  @Option(help: "Updates during which the learning rate rises from zero.")
  var warmUp = 0

  @Option(help: "Shorten gradients to this length.")
  var clip: Float?

  @Option(help: "Share of the samples that is kept apart to judge by.")
  var validationShare = 0.1

  @Option(help: "Data to judge by, in place of a share of the samples.")
  var validation: String?

  @Option(help: "As --preprocess, for --validation.")
  var validationPreprocess = ""

  @Option(help: "Stop after so many epochs that were no better.")
  var patience: Int?

  @Option(
    help: """
      How ranges are followed: recipe, with the recipe's arithmetic and each weight's range as it is; \
      torch or torch-unfused, as PyTorch's modules do.
      """)
  var ranges: TrainingSettings.Ranges = .recipe

  @Option(help: "How much each batch moves the ranges of activations.")
  var averaging: Float = 0.01

  @Option(help: "Leave ranges as they are after so many epochs.")
  var freezeRanges: Int?

  @Flag(help: "Train the scales of weights too (LSQ).")
  var learnScales = false

  @Flag(help: "Train the scales of activations too, in place of following their ranges (LSQ).")
  var learnActivationScales = false

  @Flag(help: "Train batch normalizations as such, and not as part of convolutions.")
  var trainNormalizations = false

  @Option(help: "With --train-normalizations: keep their running statistics after so many epochs.")
  var freezeNormalizations: Int?

  @Option(help: "A file that a later run can go on from, written after every epoch.")
  var checkpoint: String?

  @Flag(help: "Go on from --checkpoint.")
  var resume = false

  /// What the options say; without --distill or a --loss the data's labels decide.
  func settings(seed: UInt64?) throws -> TrainingSettings {
    var settings = TrainingSettings()
    settings.loss =
      switch (distill, loss) {
      case (.kl, _): .divergence
      case (.sqnr, _): .noiseToSignal
      case (nil, .mse): .meanSquaredError
      case (nil, .crossEntropy): .crossEntropy
      case (nil, nil): nil
      }
    settings.temperature = temperature
    settings.epochs = epochs
    settings.batchSize = miniBatch
    settings.rate = learningRate
    settings.schedule = schedule
    settings.warmUpSteps = warmUp
    settings.optimizer = optimizer
    settings.momentum = momentum
    settings.weightDecay = weightDecay
    settings.clip = clip
    settings.seed = seed ?? 0
    settings.validationShare = validationShare
    settings.patience = patience
    settings.ranges = ranges
    settings.averaging = averaging
    settings.rangeEpochs = freezeRanges
    settings.learnsScales = learnScales
    settings.learnsActivationScales = learnActivationScales
    settings.innerValues = match
    settings.innerWeight = matchWeight
    settings.trainsNormalizations = trainNormalizations
    settings.normalizationEpochs = freezeNormalizations
    settings.layers = layers.isEmpty ? nil : layers
    return settings
  }

  func validate() throws {
    guard LearningSchedule(parsing: schedule) != nil else {
      throw ValidationError("--schedule takes constant, cosine or step=EPOCHS:FACTOR.")
    }
  }

  var validationData: Session.DataReference? {
    validation.map {
      Session.DataReference(
        path: $0, preprocessing: validationPreprocess, batchSize: 1, limit: nil)
    }
  }
}

extension TrainingSettings.Optimizer: ExpressibleByArgument {}
extension TrainingSettings.Ranges: ExpressibleByArgument {}

/// What `train` prints for machines.
struct TrainReport: Encodable {
  let output: String
  let floatOutput: String?
  let session: String?
  let epochs: [EpochReport]
  let bestEpoch: Int

  init(_ outcome: TrainingOutcome, output: String, floatOutput: String?, session: String?) {
    self.output = output
    self.floatOutput = floatOutput
    self.session = session
    epochs = outcome.reports
    bestEpoch = outcome.bestEpoch
  }
}

extension StatusLine {
  /// The end of an epoch has a line of its own on standard output.
  fileprivate func show(_ progress: TrainingProgress) {
    guard progress.report == nil else { return clear() }
    let remaining = progress.remaining.map { ", \(max(0, $0.components.seconds)) s to go" } ?? ""
    show(
      "epoch \(progress.epoch)/\(progress.epochCount), batch \(progress.batch)/\(progress.batchCount),"
        + " loss \(Numbers.decimal(progress.loss, places: 4)), gradient"
        + " \(Numbers.decimal(progress.gradientNorm, places: 3))\(remaining)")
  }
}

extension EpochReport {
  /// What a person reads at the end of an epoch.
  fileprivate var line: String {
    "epoch \(epoch): loss \(loss.map { Numbers.decimal($0, places: 4) } ?? "–"),"
      + " simulated \(simulated.text); int8 \(converted.text)"
  }
}

extension Validation {
  fileprivate var text: String {
    (accuracy.map { "accuracy \(percent($0)), " } ?? "")
      + "as float \(percent(agreement)), SQNR \(Numbers.decimal(decibels)) dB"
  }
}
