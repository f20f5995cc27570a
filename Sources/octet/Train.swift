import ArgumentParser
import Conversion
import Datasets
import Foundation
import ONNX
import Quantization
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

  @OptionGroup var data: DataArguments
  @OptionGroup var recipe: RecipeArguments
  @OptionGroup(title: "Training options") var training: TrainingArguments
  @OptionGroup var host: HostArguments
  @OptionGroup var printing: OutputArguments

  func validate() throws {
    if data.batch != 1 { throw ValidationError("Training takes --mini-batch in place of --batch.") }
    if !data.states.isEmpty { throw ValidationError("Training takes no --state.") }
    if training.resume, training.checkpoint == nil {
      throw ValidationError("--resume needs --checkpoint, which names what to go on from.")
    }
  }

  func run() throws {
    let recipe = try recipe.recipe()
    let project = try Project(path: model, options: host.options)
    for path in [output, floatOutput].compactMap(\.self) { try project.refuseToReplace(at: path) }
    try project.refuseToQuantizeAgain()
    try self.recipe.check(project)
    let dataset = try data.dataset(project, purpose: .training)
    let samples = try TrainingSamples(dataset)
    let options = try training.options(hasLabels: samples.labels != nil, seed: data.seed)
    let run = try TrainingRun(
      project.source, recipe: recipe, options: options, samples: samples,
      validation: try training.validation(project), threads: host.threads, isa: host.isa)
    if training.resume, let path = training.checkpoint { try run.resume(from: path) }
    let line = ProgressLine(isWatched: isatty(STDERR_FILENO) == 1)
    let outcome = try run.run(
      checkpoint: training.checkpoint,
      progress: { progress in
        line.show(progress)
        if let report = progress.report, !printing.json { print(report.line) }
      })
    let trained = try run.trained()
    try ModelExporter.save(trained.conversion.model, to: output)
    if let floatOutput { try ModelExporter.save(trained.float, to: floatOutput) }
    try show(TrainReport(outcome, output: output, floatOutput: floatOutput))
  }

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
        + (report.floatOutput.map { "; float weights to \($0)" } ?? ""))
  }
}

/// How a model is trained.
struct TrainingArguments: ParsableArguments {
  enum Distillation: String, ExpressibleByArgument, CaseIterable { case kl, sqnr }
  enum OptimizerName: String, ExpressibleByArgument, CaseIterable { case sgd, adamw }
  enum Ranges: String, ExpressibleByArgument, CaseIterable {
    case recipe
    case torch
    case torchUnfused = "torch-unfused"
  }
  enum LossName: String, ExpressibleByArgument, CaseIterable {
    case crossEntropy = "cross-entropy"
    case mse
  }

  @Option(help: "Rounds over the samples.")
  var epochs = 3

  @Option(help: "Samples in one update.")
  var miniBatch = 32

  @Option(help: "The loss with labels: cross-entropy or mse.")
  var loss: LossName = .crossEntropy

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
  var optimizer: OptimizerName = .adamw

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
  var ranges: Ranges = .recipe

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

  func options(hasLabels: Bool, seed: UInt64?) throws -> TrainingOptions {
    var options = TrainingOptions(objective(hasLabels: hasLabels))
    options.epochs = epochs
    options.batchSize = miniBatch
    options.optimizer =
      switch optimizer {
      case .sgd: .sgd(momentum: momentum, weightDecay: weightDecay)
      case .adamw: .adamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: weightDecay)
      }
    options.rate = LearningRate(learningRate, shape: try shape(), warmUpSteps: warmUp)
    options.clip = clip
    options.seed = seed ?? 0
    options.validationShare = validationShare
    options.patience = patience
    options.ranges =
      switch ranges {
      case .recipe: .recipe
      case .torch: .torch(.fused)
      case .torchUnfused: .torch(.unfused)
      }
    options.averagingConstant = averaging
    options.rangeEpochs = freezeRanges
    options.learnsScales = learnScales
    options.learnsActivationScales = learnActivationScales
    options.innerValues = match
    options.innerWeight = matchWeight
    options.trainsNormalizations = trainNormalizations
    options.normalizationEpochs = freezeNormalizations
    try options.check()
    return options
  }

  private func objective(hasLabels: Bool) -> Objective {
    switch distill {
    case .kl: .divergence(temperature: temperature)
    case .sqnr: .noiseToSignal
    case nil where !hasLabels: .divergence(temperature: temperature)
    case nil: loss == .mse ? .squaredError : .crossEntropy
    }
  }

  private func shape() throws -> LearningRate.Shape {
    switch schedule {
    case "constant": return .constant
    case "cosine": return .cosine
    default:
      let parts = schedule.dropFirst(5).split(separator: ":").map(String.init)
      guard schedule.hasPrefix("step="), parts.count == 2, let epochs = Int(parts[0]),
        let factor = Float(parts[1])
      else {
        throw ValidationError("--schedule takes constant, cosine or step=EPOCHS:FACTOR.")
      }
      return .steps(epochs: epochs, factor: factor)
    }
  }

  func validation(_ project: Project) throws -> TrainingSamples? {
    guard let validation else { return nil }
    let request = DataRequest(
      path: validation, preprocessing: validationPreprocess, batchSize: 1, limit: nil, states: [])
    return try TrainingSamples(project.dataset(request, purpose: .evaluation))
  }
}

/// What `train` prints for machines.
struct TrainReport: Encodable {
  let output: String
  let floatOutput: String?
  let epochs: [EpochReport]
  let bestEpoch: Int

  init(_ outcome: TrainingOutcome, output: String, floatOutput: String?) {
    self.output = output
    self.floatOutput = floatOutput
    epochs = outcome.reports
    bestEpoch = outcome.bestEpoch
  }
}

/// One line on standard error that is written over, where a person is watching.
private struct ProgressLine {
  let isWatched: Bool

  func show(_ progress: TrainingProgress) {
    guard isWatched else { return }
    guard progress.report == nil else {
      FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
      return
    }
    let remaining = progress.remaining.map { ", \(max(0, $0.components.seconds)) s to go" } ?? ""
    let text =
      "\repoch \(progress.epoch)/\(progress.epochCount), batch \(progress.batch)/\(progress.batchCount),"
      + " loss \(Numbers.decimal(progress.loss, places: 4)), gradient"
      + " \(Numbers.decimal(progress.gradientNorm, places: 3))\(remaining)   "
    FileHandle.standardError.write(Data(text.utf8))
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
