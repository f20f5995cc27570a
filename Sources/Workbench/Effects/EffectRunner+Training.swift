import Calibration
import Dispatch
import Foundation
import Quantization
import Sessions
import Synchronization
import Training

/// Training, and the weights that it leaves.
extension EffectRunner {
  func train(_ run: Int, _ asked: TrainingRecord, accepted: [String]) {
    let (shared, folder) = (shared, folder)
    job(run) { control in
      let isNew = asked.checkpoint == nil
      var record = asked
      var isNamed = !isNew
      do {
        guard let workspace = shared.workspace() else { throw WorkbenchError.noModel }
        if let checkpoint = asked.checkpoint,
          !FileManager.default.fileExists(atPath: checkpoint)
        {
          throw WorkbenchError.missingCheckpoint(checkpoint)
        }
        let prepared = try workspace.prepareTraining(asked)
        let training = prepared.run
        record = prepared.record
        let findings = prepared.data.findings.filter { $0.severity != .note }
        if isNew, let finding = findings.first(where: { !accepted.contains($0.what) }) {
          return .trainingQuestioned(run: run, finding)
        }
        // Without its checkpoint, which is named once there is one to go on from.
        self.post(.trainingStarted(run: run, record))
        if let checkpoint = record.checkpoint {
          try training.resume(from: checkpoint)
        } else {
          record.checkpoint = folder.newCheckpoint(of: workspace.project.name)
        }
        let wait = { try control.checkpoint() }
        let calibrated = try shared.analysis().flatMap {
          try workspace.judgeCalibrated($0, record.recipe, by: training, betweenBatches: wait)
        }
        let float = try training.judgeFloat(betweenBatches: wait)
        var reporter = TrainingReporter(training, float: float, calibrated: calibrated) {
          self.post(.trainingProgressed(run: run, $0))
        }
        let begun = record
        let outcome = try training.run(
          checkpoint: record.checkpoint,
          saved: {
            if !isNamed { self.post(.trainingStarted(run: run, begun)) }
            isNamed = true
          }, betweenBatches: wait, isLast: { _ in control.isEnding },
          progress: { reporter.take($0) })
        let trained = try training.trained()
        shared.trained.withLock { $0 = trained }
        record.result = TrainingResult(outcome, float: float, calibrated: calibrated)
        return .trained(run: run, record)
      } catch let error as JobCancelled {
        // One that was named is dropped by whoever cancelled, and stays when octet is left.
        if !isNamed { folder.dropCheckpoint(record.checkpoint) }
        throw error
      } catch {
        return .trainingFailed(
          run: run, message: "\(error)", left: folder.left(of: record, after: error))
      }
    }
  }

  /// Trained weights become the model's own; ranges are observed anew, for whatever recipe follows.
  func keepTraining(
    _ run: Int, _ record: TrainingRecord, _ recipe: Recipe, _ request: DataRequest
  ) {
    let (shared, folder) = (shared, folder)
    job(run) { control in
      guard var workspace = shared.workspace(), let trained = shared.trained.withLock({ $0 }) else {
        throw WorkbenchError.nothingTrained
      }
      guard let place = folder.newWeightFolder() else {
        throw WorkbenchError.noPlace(folder.path)
      }
      _ = shared.weightFolders.withLock { $0.insert(place) }
      let checkpoint = record.checkpoint
      let (kept, recipe) = try workspace.adopt(trained, of: record, in: place, under: recipe)
      let dataset = try workspace.project.dataset(request)
      try workspace.calibrate(dataset, control: control) { progress in
        self.post(
          .jobProgressed(
            run: run,
            JobProgress(done: progress.batchesDone, total: progress.batchesTotal, detail: "batch")))
      }
      guard let calibration = workspace.calibrationSummary else {
        throw WorkbenchError.notCalibrated
      }
      shared.exchange(for: workspace)
      shared.trained.withLock { $0 = nil }
      folder.dropCheckpoint(checkpoint)
      return .trainingKept(
        run: run,
        KeptTraining(
          record: kept, recipe: recipe, project: try workspace.project.summary(),
          calibration: calibration))
    }
  }

  /// Clears away weights that a session holds now, or that nobody wants.
  func dropWeightFolders() {
    for path in shared.weightFolders.withLock({ $0 })
    where folder.weightFolder(of: path + "/weights") != nil {
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  func dropTraining(_ checkpoint: String?) {
    shared.trained.withLock { $0 = nil }
    folder.dropCheckpoint(checkpoint)
  }

  func useWeights(_ digest: String?) {
    let (shared, analyst) = (shared, analyst)
    analyst.async {
      guard let workspace = shared.exchange(forWeights: digest) else { return }
      do {
        self.post(
          .weightsUsed(try workspace.project.summary(), workspace.calibrationSummary))
      } catch {
        self.post(.sessionFailed(message: "\(error)"))
      }
    }
    // What-if comes after the exchange on its own queue; the next job waits for it on this one.
    worker.async { analyst.sync {} }
  }
}

extension Workspace {
  /// How int8 with the ranges of calibration does on the samples of a training; `nil` where nothing
  /// was calibrated, or the recipe of a training does not fit what was.
  func judgeCalibrated(
    _ analysis: Analysis, _ recipe: Recipe, by run: TrainingRun,
    betweenBatches: () throws -> Void
  ) throws(JobCancelled) -> TrainingResult.Score? {
    guard statistics != nil else { return nil }
    var analysis = analysis
    do {
      return TrainingResult.Score(
        try run.judge(try analysis.convert(recipe), betweenBatches: betweenBatches))
    } catch let cancelled as JobCancelled {
      throw cancelled
    } catch {
      return nil
    }
  }
}

/// Thins what a training reports to what a screen can show.
struct TrainingReporter {
  private let run: TrainingRun
  private let post: (TrainingProgressSummary) -> Void
  private let clock = ContinuousClock()
  private var lastPost: ContinuousClock.Instant
  private var lastDrift: ContinuousClock.Instant
  private var losses: (sum: Double, count: Int) = (0, 0)

  init(
    _ run: TrainingRun, float: Validation, calibrated: TrainingResult.Score?,
    post: @escaping (TrainingProgressSummary) -> Void
  ) {
    self.run = run
    self.post = post
    lastPost = clock.now - .seconds(1)
    lastDrift = lastPost
    // What a run that goes on has behind it.
    let reports = run.reports
    var summary = TrainingProgressSummary(
      epoch: min((reports.last?.epoch ?? 0) + 1, run.options.epochs),
      epochCount: run.options.epochs, batch: 0, batchCount: 0,
      epochs: reports.map(TrainingResult.Epoch.init), drift: run.drift)
    summary.float = TrainingResult.Score(float)
    summary.calibrated = calibrated
    post(summary)
  }

  mutating func take(_ progress: TrainingProgress) {
    let isEpoch = progress.report != nil
    if !isEpoch { losses = (losses.sum + progress.loss, losses.count + 1) }
    let now = clock.now
    guard isEpoch || now - lastPost > .milliseconds(50) else { return }
    lastPost = now
    var summary = TrainingProgressSummary(
      epoch: progress.epoch, epochCount: progress.epochCount, batch: progress.batch,
      batchCount: progress.batchCount, gradientNorm: progress.gradientNorm,
      rate: Double(progress.rate), remainingSeconds: progress.remaining?.seconds,
      loss: isEpoch || losses.count == 0 ? nil : losses.sum / Double(losses.count))
    if !isEpoch { losses = (0, 0) }
    if isEpoch || run.reports.count == 1 {
      summary.epochs = run.reports.map(TrainingResult.Epoch.init)
    }
    if isEpoch || now - lastDrift > .milliseconds(250) {
      lastDrift = now
      summary.drift = run.drift
    }
    post(summary)
  }
}

extension TrainingRun {
  fileprivate var drift: [LayerDrift] {
    scaleDrift().map {
      LayerDrift(layer: $0.layer, weight: $0.weight, activation: $0.activation)
    }
  }
}

extension SessionContent {
  /// With trained weights copied beside a session at `path`, so that the two travel together.
  func bringingWeights(beside path: String) throws -> SessionContent {
    var content = self
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    for (index, training) in trainings.enumerated() {
      guard let weights = training.weights else { continue }
      let name = URL(fileURLWithPath: weights.path).lastPathComponent
      let place = "\(folder)/\(name)"
      if place != weights.path {
        guard FileManager.default.fileExists(atPath: weights.path) else {
          throw WorkbenchError.missingWeights(weights.path)
        }
        let data = try Data(contentsOf: URL(fileURLWithPath: weights.path))
        try data.write(to: URL(fileURLWithPath: place), options: .atomic)
      }
      content.trainings[index].weights?.path = place
    }
    return content
  }
}

extension StateFolder {
  /// What of a training can go on once what it lacked is there; `nil` where it has to begin anew.
  func left(of record: TrainingRecord, after error: any Error) -> TrainingRecord? {
    guard let checkpoint = record.checkpoint else { return nil }
    if case TrainingError.diverged? = error as? TrainingError {
      dropCheckpoint(checkpoint)
      return nil
    }
    if FileManager.default.fileExists(atPath: checkpoint) { return record }
    guard case WorkbenchError.missingCheckpoint? = error as? WorkbenchError else { return nil }
    // What was asked for is still known, and begins anew.
    var left = record
    left.checkpoint = nil
    return left
  }
}
