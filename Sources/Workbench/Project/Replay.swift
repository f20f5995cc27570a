import Calibration
import Conversion
import Datasets
import Execution
import Foundation
import Kernels
import ONNX
import OrderedCollections
import Quantization
package import Sessions
import Training

/// Does again what a session records: its trainings, its calibration, its conversion.
package struct Replay {
  /// One part of the work, and whether it came to what the session says.
  package struct Stage: Codable, Equatable, Sendable {
    package var name: String
    package var result: String
    /// What came out otherwise, one line each.
    package var differences: [String]
  }

  package let session: Session
  package let path: String
  package private(set) var workspace: Workspace
  package private(set) var stages: [Stage] = []
  private let progress: (JobProgress) -> Void

  /// - Parameter progress: told how far each part is.
  /// - Throws: `WorkbenchError.nothingToReplay` when the session records no work.
  package init(
    _ session: Session, at path: String, options: HostOptions,
    progress: @escaping (JobProgress) -> Void = { _ in }
  ) throws {
    self.session = session
    self.path = path
    self.progress = progress
    workspace = try Workspace(modelOf: session, at: path, options: options)
    guard session.statistics != nil || session.trainings?.isEmpty == false else {
      throw WorkbenchError.nothingToReplay(path)
    }
  }

  package var differences: [String] { stages.flatMap(\.differences) }

  /// - Parameter restoring: writes trained weights where the session looks for them, when they come
  ///   out as they were.
  package mutating func run(restoring: Bool = false) throws {
    for (index, record) in session.keptTrainings(at: path).enumerated() {
      try train(record, number: index + 1, restoring: restoring)
    }
    try workspace.project.group(by: session.recipe)
    if let recorded = session.statistics { try calibrate(recorded) }
    try convert()
  }

  // Training.

  private mutating func train(
    _ record: TrainingRecord, number: Int, restoring: Bool
  ) throws {
    var stage = Stage(name: "training \(number)", result: "", differences: [])
    let prepared = try workspace.prepareTraining(record)
    if let expected = record.data.digest, expected != prepared.record.data.digest {
      stage.differences.append("training \(number): its data are not those it was trained on.")
    }
    if let expected = record.validation?.digest, expected != prepared.record.validation?.digest {
      stage.differences.append("training \(number): its data to judge by are not those of then.")
    }
    let stop = record.result?.stop
    let progress = progress
    let outcome = try prepared.run.run(
      isLast: { $0.epoch == stop?.epoch && $0.batch == stop?.batch },
      progress: { step in
        progress(
          JobProgress(
            done: (step.epoch - 1) * step.batchCount + step.batch,
            total: step.epochCount * step.batchCount, detail: "training \(number)"))
      })
    let trained = try prepared.run.trained()
    let result = TrainingResult(
      outcome, float: try prepared.run.judgeFloat(), calibrated: record.result?.calibrated)
    stage.differences += Self.differences(record.result, result).map { "training \(number): \($0)" }

    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("octet-replay-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kept = try workspace.keep(trained, of: record, in: folder)
    if let weights = record.weights, let found = kept.weights {
      if found.sha256 != weights.sha256 {
        stage.differences.append("training \(number): its weights differ from those it left.")
      } else if restoring {
        try Data(contentsOf: URL(fileURLWithPath: found.path))
          .write(to: URL(fileURLWithPath: weights.path), options: .atomic)
      }
    }
    stage.result =
      "\(result.epochs.count - 1) epoch\(result.epochs.count == 2 ? "" : "s"), int8 \(result.epochs.first?.int8.brief ?? "–") → "
      + (result.best?.int8.brief ?? "–")
    stages.append(stage)
  }

  private static func differences(
    _ recorded: TrainingResult?, _ found: TrainingResult
  ) -> [String] {
    guard let recorded else { return [] }
    guard recorded.epochs.count == found.epochs.count else {
      return ["\(found.epochs.count - 1) epochs, not \(recorded.epochs.count - 1)."]
    }
    if recorded.bestEpoch != found.bestEpoch {
      return ["epoch \(found.bestEpoch) is the best, not \(recorded.bestEpoch)."]
    }
    for (old, new) in zip(recorded.epochs, found.epochs) where old != new {
      return [
        "epoch \(new.epoch) has loss \(Numbers.decimal(new.loss, places: 6)) and int8"
          + " \(new.int8.brief), not \(Numbers.decimal(old.loss, places: 6)) and \(old.int8.brief)."
      ]
    }
    return []
  }

  // Calibration.

  private mutating func calibrate(_ recorded: Session.Statistics) throws {
    guard let request = session.dataRequest(at: path) else {
      throw WorkbenchError.noRecordedData(path)
    }
    var stage = Stage(name: "calibration", result: "", differences: [])
    let dataset = try workspace.project.dataset(request)
    let progress = progress
    try workspace.calibrate(dataset, control: JobControl()) { step in
      progress(
        JobProgress(done: step.batchesDone, total: step.batchesTotal, detail: "calibration"))
    }
    guard let found = workspace.statistics else { throw WorkbenchError.notCalibrated }
    if let digest = session.data?.digest, digest != workspace.dataDigest {
      stage.differences.append("calibration: its data are not those that were observed.")
    }
    for (edge, old) in recorded.edges.sorted(by: { $0.key < $1.key }) {
      guard let new = found.edges[edge] else {
        stage.differences.append("calibration: '\(edge)' was not observed.")
        continue
      }
      if let difference = Self.difference(old, new) {
        stage.differences.append("calibration: '\(edge)' \(difference)")
      }
    }
    stage.result =
      "\(found.sampleCount) samples, \(found.edges.count) tensors"
      + (found.edges == recorded.edges ? ", equal bit for bit" : "")
    stages.append(stage)
  }

  /// Sums of floats differ a little with other kernels and numbers of threads.
  private static let tolerance: Float = 1e-4

  private static func difference(_ old: TensorStatistics, _ new: TensorStatistics) -> String? {
    guard old.elementCount == new.elementCount, old.nonFiniteCount == new.nonFiniteCount else {
      return "has \(new.elementCount) values, not \(old.elementCount)."
    }
    guard let low = old.minimum, let high = old.maximum, let newLow = new.minimum,
      let newHigh = new.maximum
    else { return nil }
    let allowed = tolerance * max(high - low, abs(high), abs(low))
    if abs(low - newLow) <= allowed, abs(high - newHigh) <= allowed { return nil }
    return "lies in [\(Numbers.real(newLow)), \(Numbers.real(newHigh))], not"
      + " [\(Numbers.real(low)), \(Numbers.real(high))]."
  }

  // Conversion.

  /// With the replayed ranges, against those that the session holds.
  private mutating func convert() throws {
    var replayed = Analysis(layers: workspace.project.layers, statistics: workspace.statistics)
    let new = try replayed.convert(session.recipe)
    var stage = Stage(name: "conversion", result: "", differences: [])
    let recorded = session.statistics.map { statistics in
      CalibrationStatistics(
        edges: statistics.edges, batchCount: statistics.batches,
        sampleCount: statistics.samples, reachedBatches: statistics.reachedBatches ?? [:])
    }
    var held = Analysis(layers: workspace.project.layers, statistics: recorded)
    let old = try held.convert(session.recipe)
    let isEqual = try ModelExporter.encode(new.model) == ModelExporter.encode(old.model)
    if !isEqual {
      for edge in new.edgeParameters.keys where old.edgeParameters[edge] == nil {
        stage.differences.append("conversion: '\(edge)' has a map, and had none.")
      }
      for (edge, before) in old.edgeParameters {
        guard let after = new.edgeParameters[edge] else {
          stage.differences.append("conversion: '\(edge)' has no map, and had one.")
          continue
        }
        let ratio = abs(after.scale / before.scale - 1)
        if ratio > 10 * Self.tolerance || abs(after.zeroPoint - before.zeroPoint) > 1 {
          stage.differences.append(
            "conversion: '\(edge)' has S \(Numbers.real(after.scale)), Z \(after.zeroPoint), not S"
              + " \(Numbers.real(before.scale)), Z \(before.zeroPoint).")
        }
      }
    }
    stage.result =
      try replayed.summary(of: new, session.recipe).layerText
      + (isEqual ? ", equal bit for bit" : ", equal but for the rounding of sums")
    if !stage.differences.isEmpty {
      stage.result = "\(stage.differences.count) tensors with other maps"
    }
    stages.append(stage)
  }
}
