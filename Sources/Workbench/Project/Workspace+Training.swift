import Calibration
import Conversion
import Datasets
import Foundation
import Graphs
import Kernels
import ONNX
import OrderedCollections
package import Quantization
package import Sessions
package import Training

/// A training that is about to begin or to go on.
package struct PreparedTraining {
  package let run: TrainingRun
  /// With what the data decided.
  package let record: TrainingRecord
  package let data: DataSummary
}

extension Workspace {
  /// Reads the data and compiles the model for training.
  /// - Throws: what cannot be trained, before anything is.
  package func prepareTraining(_ asked: TrainingRecord) throws -> PreparedTraining {
    try project.refuseToQuantizeAgain()
    guard let kernels = InstructionSet(rawValue: asked.instructionSet),
      InstructionSet.available.contains(kernels)
    else { throw WorkbenchError.foreignKernels(asked.instructionSet) }
    var record = asked
    let (samples, digest, data) = try trainingSamples(asked.data, purpose: .training)
    record.data.digest = digest
    var validation: TrainingSamples?
    if let reference = asked.validation {
      let (samples, digest, _) = try trainingSamples(reference, purpose: .evaluation)
      validation = samples
      record.validation?.digest = digest
    }
    record.settings.loss =
      asked.settings.loss ?? (samples.labels == nil ? .divergence : .crossEntropy)
    let run = try TrainingRun(
      project.source, recipe: record.recipe, options: try TrainingOptions(record.settings),
      samples: samples, validation: validation, threads: record.threads, isa: kernels)
    return PreparedTraining(run: run, record: record, data: data)
  }

  private func trainingSamples(
    _ reference: Session.DataReference, purpose: DatasetPurpose
  ) throws -> (TrainingSamples, digest: String, data: DataSummary) {
    var request = DataRequest(reference)
    guard request.states.isEmpty else { throw WorkbenchError.trainedState }
    request.batchSize = 1
    let dataset = try project.dataset(request, purpose: purpose)
    let summary = try project.describe(dataset, request: request)
    if let finding = summary.findings.first(where: { $0.severity == .error }) {
      throw WorkbenchError.wrongData(
        place: finding.place, what: finding.what, advice: finding.advice)
    }
    var samples = try TrainingSamples(dataset)
    let digest = try dataset.manifest(mixer: DigestKernel.sha256).digest
    samples.digest = digest
    return (samples, digest, summary)
  }

  /// Makes trained weights the model's own: writes the float model below `folder`, under a name that
  /// tells its content, and reads it back, so that what is worked with is what a session finds again.
  package mutating func keep(
    _ trained: TrainedModel, of record: TrainingRecord, in folder: String
  ) throws -> TrainingRecord {
    let bytes = try ModelExporter.encode(trained.float)
    let digest = SHA256.hexDigest(of: bytes, mixer: DigestKernel.sha256)
    let path = "\(folder)/\(project.name).trained-\(digest.prefix(8)).onnx"
    try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    var kept = record
    kept.checkpoint = nil
    kept.weights = Session.ModelReference(path: path, sha256: digest, byteCount: bytes.count)
    try use(kept)
    return kept
  }

  /// Keeps trained weights, and the ranges that training chose as rules over `recipe`.
  package mutating func adopt(
    _ trained: TrainedModel, of record: TrainingRecord, in folder: String, under recipe: Recipe
  ) throws -> (record: TrainingRecord, recipe: Recipe) {
    let kept = try keep(trained, of: record, in: folder)
    let recipe = try self.recipe(recipe, with: trained)
    try project.group(by: recipe)
    return (kept, recipe)
  }

  /// Takes the weights of a training that was kept.
  mutating func use(_ kept: TrainingRecord) throws {
    guard let reference = kept.weights else { return }
    guard FileManager.default.fileExists(atPath: reference.path) else {
      throw WorkbenchError.missingWeights(reference.path)
    }
    let (digest, _) = try SHA256.hexDigest(
      ofFile: reference.path, mixer: DigestKernel.sha256)
    guard digest == reference.sha256 else {
      throw WorkbenchError.changedWeights(reference.path)
    }
    try project.take(try ModelImporter.load(path: reference.path), recipe: kept.recipe)
    weights = reference
    statistics = nil
    dataDigest = nil
  }

  /// `recipe` with a rule for each range that training chose.
  private func recipe(_ recipe: Recipe, with trained: TrainedModel) throws -> Recipe {
    var result = recipe.withoutTrainedRanges
    let resolution = try project.layers.grouped(by: result).resolve(result)
    let named = Set(
      result.rules.compactMap { rule in
        if case .tensor(let name) = rule.scope { name } else { nil }
      })
    for edge in resolution.representatives {
      guard let choice = resolution.edges[edge],
        let parameters = trained.conversion.edgeParameters[edge]
      else { continue }
      switch choice.scheme.observer {
      case .fixed, .manual: continue
      default: break
      }
      var change = QConfigChange()
      change.activation.observer = .fixed(parameters)
      result.set(
        change, for: .tensor(choice.group.last(where: named.contains) ?? edge),
        note: Recipe.trainedNote)
    }
    return result
  }
}

extension Recipe {
  /// Marks rules that hold a range which training chose.
  package static let trainedNote = "trained"

  /// As it was before weights were kept.
  package var withoutTrainedRanges: Recipe {
    var recipe = self
    recipe.dropTrainedRanges { _ in true }
    return recipe
  }

  /// Lets other rules choose the ranges of `edges` again.
  mutating func dropTrainedRanges(of edges: [String]) {
    dropTrainedRanges {
      if case .tensor(let name) = $0 { edges.contains(name) } else { false }
    }
  }

  private mutating func dropTrainedRanges(where isMeant: (RuleScope) -> Bool) {
    for index in rules.indices
    where rules[index].note == Self.trainedNote && isMeant(rules[index].scope) {
      rules[index].change.activation.observer = nil
      rules[index].note = ""
    }
    rules.removeAll { $0.change.isEmpty }
  }
}

extension TrainingOptions {
  package init(_ settings: TrainingSettings) throws {
    let objective: Objective =
      switch settings.loss {
      case .crossEntropy: .crossEntropy
      case .meanSquaredError: .squaredError
      case .divergence, nil: .divergence(temperature: settings.temperature)
      case .noiseToSignal: .noiseToSignal
      }
    self.init(objective)
    epochs = settings.epochs
    batchSize = settings.batchSize
    optimizer =
      switch settings.optimizer {
      case .sgd: .sgd(momentum: settings.momentum, weightDecay: settings.weightDecay)
      case .adamw:
        .adamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: settings.weightDecay)
      }
    guard let schedule = LearningSchedule(parsing: settings.schedule) else {
      throw TrainingError.badOption(
        "The schedule is constant, cosine or step=EPOCHS:FACTOR, not '\(settings.schedule)'.")
    }
    let shape: LearningRate.Shape =
      switch schedule {
      case .constant: .constant
      case .cosine: .cosine
      case .steps(let epochs, let factor): .steps(epochs: epochs, factor: factor)
      }
    rate = LearningRate(settings.rate, shape: shape, warmUpSteps: settings.warmUpSteps)
    clip = settings.clip
    seed = settings.seed
    validationShare = settings.validationShare
    patience = settings.patience
    ranges =
      switch settings.ranges {
      case .recipe: .recipe
      case .torch: .torch(.fused)
      case .torchUnfused: .torch(.unfused)
      }
    averagingConstant = settings.averaging
    rangeEpochs = settings.rangeEpochs
    learnsScales = settings.learnsScales
    learnsActivationScales = settings.learnsActivationScales
    innerValues = settings.innerValues
    innerWeight = settings.innerWeight
    trainsNormalizations = settings.trainsNormalizations
    normalizationEpochs = settings.normalizationEpochs
    layers = settings.layers
    try check()
  }
}

extension TrainingResult {
  package init(_ outcome: TrainingOutcome, float: Validation, calibrated: Score?) {
    self.init(
      epochs: outcome.reports.map(Epoch.init), bestEpoch: outcome.bestEpoch, float: Score(float),
      calibrated: calibrated,
      stop: outcome.stop.map { Stop(epoch: $0.epoch, batch: $0.batch) })
  }
}

extension TrainingResult.Score {
  package init(_ validation: Validation) {
    self.init(
      accuracy: validation.accuracy, agreement: validation.agreement,
      decibels: validation.decibels)
  }
}

extension TrainingResult.Epoch {
  package init(_ report: EpochReport) {
    self.init(
      epoch: report.epoch, loss: report.loss,
      simulated: TrainingResult.Score(report.simulated),
      int8: TrainingResult.Score(report.converted))
  }
}

extension Session.DataReference {
  package init(_ request: DataRequest, digest: String? = nil) {
    self.init(
      path: request.path, preprocessing: request.preprocessing, batchSize: request.batchSize,
      limit: request.limit, seed: request.seed,
      states: request.states.isEmpty ? nil : request.states,
      mapping: request.mapping.isEmpty ? nil : request.mapping, labels: request.labels,
      digest: digest)
  }
}

extension DataRequest {
  package init(_ reference: Session.DataReference) {
    self.init(
      path: reference.path, preprocessing: reference.preprocessing,
      batchSize: reference.batchSize, limit: reference.limit, states: reference.states ?? [])
    mapping = reference.mapping ?? [:]
    labels = reference.labels
    seed = reference.seed
  }
}
