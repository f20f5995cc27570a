package import Calibration
import Datasets
import Foundation
import Kernels
import Quantization
package import Sessions

/// A project with what has been learnt of it: what a session file stands for.
package struct Workspace: Sendable {
  package var project: Project
  package var statistics: CalibrationStatistics?
  package var calibrationSeconds: Double
  /// Digest of the data that `statistics` came from.
  package var dataDigest: String?
  /// The trained weights in force; `nil` is the file's own.
  package internal(set) var weights: Session.ModelReference?

  package init(
    project: Project, statistics: CalibrationStatistics? = nil, calibrationSeconds: Double = 0,
    dataDigest: String? = nil
  ) {
    self.project = project
    self.statistics = statistics
    self.calibrationSeconds = calibrationSeconds
    self.dataDigest = dataDigest
  }

  package var calibrationSummary: CalibrationSummary? {
    statistics.map { statistics in
      CalibrationSummary(
        batches: statistics.batchCount, samples: statistics.sampleCount,
        edges: statistics.edges.count,
        nonFiniteCount: statistics.edges.values.map(\.nonFiniteCount).reduce(0, +),
        seconds: calibrationSeconds)
    }
  }

  /// The session document for a file at `path`, so that paths below its folder stay relative.
  package func session(_ content: SessionContent, at path: String) -> Session {
    var session = Session(
      tool: "octet \(Version.current)",
      model: Session.ModelReference(
        path: relative(project.path, to: path), sha256: project.digest,
        byteCount: project.byteCount), recipe: content.recipe)
    session.data = content.data.map { data in
      var reference = Session.DataReference(data, digest: dataDigest)
      if !data.path.isEmpty { reference.path = relative(data.path, to: path) }
      return reference
    }
    if !content.trainings.isEmpty {
      session.trainings = content.trainings.map { $0.placing { relative($0, to: path) } }
    }
    session.unfinishedTraining = content.unfinishedTraining?.placing { relative($0, to: path) }
    session.statistics = statistics.map { statistics in
      Session.Statistics(
        batches: statistics.batchCount, samples: statistics.sampleCount,
        seconds: calibrationSeconds,
        edges: statistics.edges,
        reachedBatches: statistics.reachedBatches.isEmpty ? nil : statistics.reachedBatches)
    }
    session.errors = content.errors
    session.benchmark = content.benchmark
    session.log = content.log
    session.host = Session.Host(
      processor: HostDescription.processor,
      instructionSet: project.options.instructionSet.rawValue,
      cores: AllowedProcessors.count)
    return session
  }

  /// Opens the model of a session, with the weights that it kept and what it observed.
  package init(_ session: Session, at path: String, options: HostOptions) throws {
    try self.init(modelOf: session, at: path, options: options)
    if let kept = session.trainings?.last { try use(kept.placing { absolute($0, from: path) }) }
    try project.group(by: session.recipe)
    statistics = session.statistics.map { statistics in
      CalibrationStatistics(
        edges: statistics.edges, batchCount: statistics.batches,
        sampleCount: statistics.samples, reachedBatches: statistics.reachedBatches ?? [:])
    }
    calibrationSeconds = session.statistics?.seconds ?? 0
    dataDigest = session.data?.digest
  }

  /// Opens the model of a session, which must still be the one it was made with, as its file has it.
  package init(modelOf session: Session, at path: String, options: HostOptions) throws {
    let modelPath = absolute(session.model.path, from: path)
    guard FileManager.default.fileExists(atPath: modelPath) else {
      throw WorkbenchError.noFile(modelPath)
    }
    var project = try Project(path: modelPath, options: options)
    guard project.digest == session.model.sha256 else {
      throw WorkbenchError.modelChanged(path: modelPath, session: path)
    }
    try project.group(by: session.recipe)
    self.init(project: project)
  }
}

extension Session {
  /// Where the data lie, seen from a session file at `path`.
  package func dataRequest(at path: String) -> DataRequest? {
    data.map { data in
      var request = DataRequest(data)
      if !data.path.isEmpty { request.path = absolute(data.path, from: path) }
      return request
    }
  }

  /// The trainings whose weights are in force, with paths seen from a session file at `path`.
  package func keptTrainings(at path: String) -> [TrainingRecord] {
    (trainings ?? []).map { $0.placing { absolute($0, from: path) } }
  }
}

/// `target` as seen from the folder of `file`, when it lies below; otherwise absolute.
func relative(_ target: String, to file: String) -> String {
  let folder = URL(fileURLWithPath: file).deletingLastPathComponent().standardizedFileURL.path
  let path = URL(fileURLWithPath: target).standardizedFileURL.path
  return path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path
}

/// The file that `path` names for a session at `file`.
func absolute(_ path: String, from file: String) -> String {
  if path.hasPrefix("/") { return path }
  return URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent(path)
    .standardizedFileURL.path
}
