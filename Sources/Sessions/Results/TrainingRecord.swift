package import Quantization

/// A training as it was asked for, what came of it, and where its weights lie.
///
/// The same model, recipe, data, settings, kernels and number of threads give the same weights.
package struct TrainingRecord: Codable, Equatable, Sendable {
  package var settings: TrainingSettings
  package var data: Session.DataReference
  /// Data to judge by; a share of `data` is kept apart where there are none.
  package var validation: Session.DataReference?
  /// As it was when training began.
  package var recipe: Recipe
  package var instructionSet: String
  package var threads: Int
  /// What an unfinished run goes on from.
  package var checkpoint: String?
  package var result: TrainingResult?
  /// The float model with trained weights, once they were kept.
  package var weights: Session.ModelReference?

  package init(
    settings: TrainingSettings, data: Session.DataReference,
    validation: Session.DataReference? = nil, recipe: Recipe, instructionSet: String, threads: Int
  ) {
    self.settings = settings
    self.data = data
    self.validation = validation
    self.recipe = recipe
    self.instructionSet = instructionSet
    self.threads = threads
  }

  /// With `place` applied to every path.
  package func placing(_ place: (String) -> String) -> TrainingRecord {
    var record = self
    if !data.path.isEmpty { record.data.path = place(data.path) }
    if let validation, !validation.path.isEmpty { record.validation?.path = place(validation.path) }
    record.checkpoint = checkpoint.map(place)
    if let weights { record.weights?.path = place(weights.path) }
    return record
  }
}

/// How a model is trained.
package struct TrainingSettings: Codable, Equatable, Sendable {
  package enum Loss: String, Codable, CaseIterable, Sendable {
    case crossEntropy = "cross-entropy"
    case meanSquaredError = "mse"
    /// Towards the classes of the model's own float outputs.
    case divergence = "kl"
    /// Towards the model's own float outputs as they are.
    case noiseToSignal = "sqnr"
  }

  package enum Optimizer: String, Codable, CaseIterable, Sendable { case sgd, adamw }

  /// How ranges are followed: by the recipe, or as PyTorch's modules do.
  package enum Ranges: String, Codable, CaseIterable, Sendable {
    case recipe
    case torch
    case torchUnfused = "torch-unfused"
  }

  /// Nil before it is known whether the data have labels, which decide then.
  package var loss: Loss?
  package var temperature: Float = 1
  package var epochs = 3
  package var batchSize = 32
  package var rate: Float = 0.0005
  /// `constant`, `cosine` or `step=EPOCHS:FACTOR`.
  package var schedule = "cosine"
  package var warmUpSteps = 0
  package var optimizer = Optimizer.adamw
  package var momentum: Float = 0.9
  package var weightDecay: Float = 0
  package var clip: Float?
  package var seed: UInt64 = 0
  package var validationShare = 0.1
  package var patience: Int?
  package var ranges = Ranges.recipe
  package var averaging: Float = 0.01
  package var rangeEpochs: Int?
  package var learnsScales = false
  package var learnsActivationScales = false
  package var innerValues: [String] = []
  package var innerWeight = 1.0
  package var trainsNormalizations = false
  package var normalizationEpochs: Int?
  /// Layers whose weights are trained; all where it is nil.
  package var layers: [String]?

  package init() {}
}

/// What a training came to.
package struct TrainingResult: Codable, Equatable, Sendable {
  /// How a model does on samples that it is not trained on.
  package struct Score: Codable, Equatable, Sendable {
    /// Share of samples whose largest output is the label; nil without labels.
    package var accuracy: Double?
    /// Share of samples whose largest output is the float model's.
    package var agreement: Double
    /// Of the output against the float model's, before training.
    package var decibels: Double
    package init(accuracy: Double?, agreement: Double, decibels: Double) {
      self.accuracy = accuracy
      self.agreement = agreement
      self.decibels = decibels
    }
  }

  package struct Epoch: Codable, Equatable, Sendable {
    /// Counted from 1; 0 is the model before training.
    package var epoch: Int
    package var loss: Double?
    package var simulated: Score
    package var int8: Score
    package init(epoch: Int, loss: Double?, simulated: Score, int8: Score) {
      self.epoch = epoch
      self.loss = loss
      self.simulated = simulated
      self.int8 = int8
    }
  }

  /// Where a person ended the run: so many batches of an epoch were done.
  package struct Stop: Codable, Equatable, Sendable {
    package var epoch: Int
    package var batch: Int
    package init(epoch: Int, batch: Int) {
      self.epoch = epoch
      self.batch = batch
    }
  }

  package var epochs: [Epoch]
  package var bestEpoch: Int
  package var float: Score
  /// Int8 with the ranges of calibration, before training; nil where nothing was calibrated.
  package var calibrated: Score?
  package var stop: Stop?

  package init(
    epochs: [Epoch], bestEpoch: Int, float: Score, calibrated: Score? = nil, stop: Stop? = nil
  ) {
    self.epochs = epochs
    self.bestEpoch = bestEpoch
    self.float = float
    self.calibrated = calibrated
    self.stop = stop
  }

  package var best: Epoch? { epochs.first { $0.epoch == bestEpoch } }
}
