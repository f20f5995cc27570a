/// How well a model does on samples that it is not trained on.
package struct Validation: Hashable, Codable, Sendable {
  /// Share of samples whose largest output is the label; nil without labels.
  package var accuracy: Double?
  /// Share of samples whose largest output is the float model's.
  package var agreement: Double
  /// Signal to noise ratio of the output against the float model's, in decibels.
  package var decibels: Double

  package init(accuracy: Double?, agreement: Double, decibels: Double) {
    self.accuracy = accuracy
    self.agreement = agreement
    self.decibels = decibels
  }

  /// Whether this is the better model: by labels where there are any, then by classes where these
  /// are trained, then by the distance from the float model.
  package func isBetter(than other: Validation, for objective: Objective) -> Bool {
    if let accuracy, let others = other.accuracy, accuracy != others { return accuracy > others }
    if case .divergence = objective, agreement != other.agreement {
      return agreement > other.agreement
    }
    return decibels > other.decibels
  }
}

/// What one epoch came to.
package struct EpochReport: Hashable, Codable, Sendable {
  /// Counted from 1; 0 is the model before training.
  package var epoch: Int
  /// Mean over the epoch's batches; nil before training.
  package var loss: Double?
  /// With fake quantization.
  package var simulated: Validation
  /// The converted model on integer kernels.
  package var converted: Validation

  /// Whether the int8 model is the better one. Of two that labels do not tell apart it is the one
  /// that learned them better: how near it is to the float model says little then.
  func isBetter(than other: EpochReport, for objective: Objective) -> Bool {
    if objective.needsLabels, let accuracy = converted.accuracy,
      accuracy == other.converted.accuracy
    {
      guard let loss, let others = other.loss else { return false }
      return loss < others
    }
    return converted.isBetter(than: other.converted, for: objective)
  }
}

/// How far a training run is.
package struct TrainingProgress: Sendable {
  package let epoch: Int
  package let epochCount: Int
  package let batch: Int
  package let batchCount: Int
  /// What an earlier process had done.
  package let batchesBefore: Int
  package let loss: Double
  package let gradientNorm: Double
  package let rate: Float
  package let elapsed: Duration
  /// Set when an epoch has ended.
  package let report: EpochReport?

  /// Time to go at the pace so far; nil before the first batch.
  package var remaining: Duration? {
    let all = (epoch - 1) * batchCount + batch
    let done = all - batchesBefore
    guard done > 0 else { return nil }
    return elapsed * (epochCount * batchCount - all) / done
  }
}

/// What a training run leaves.
package struct TrainingOutcome: Sendable {
  /// Before training, then epoch by epoch.
  package var reports: [EpochReport]
  /// The epoch whose weights were kept; 0 where none was better than the model before.
  package var bestEpoch: Int
  /// Set when the run was ended early.
  package var stop: TrainingStop?
}

/// A place in a run: so many batches of an epoch are done.
package struct TrainingStop: Hashable, Codable, Sendable {
  /// Counted from 1.
  package var epoch: Int
  package var batch: Int

  package init(epoch: Int, batch: Int) {
    self.epoch = epoch
    self.batch = batch
  }
}
