import Calibration
import Conversion
import Datasets
import Dispatch
import Execution
import Foundation
import Kernels
import Logging
import OrderedCollections
import Quantization
import Sessions
import Synchronization

/// What only the terminal can do.
@MainActor package protocol EffectSurface: AnyObject {
  func copy(_ text: String)
  /// `nil` when the theme is in force; otherwise why not.
  func setTheme(_ name: String) -> String?
  func redraw()
  func quit()
}

/// Carries effects out: jobs one at a time on their own thread, what-if on another, files on a
/// third, so that none of them delays a key press. The only place where the workbench acts.
@MainActor package final class EffectRunner {
  private let dispatch: @MainActor (Action) -> Void
  private weak var surface: (any EffectSurface)?
  let folder: StateFolder
  private let samples: [String]
  private var options: HostOptions
  private let opening: [String: HostShape]
  let shared = SharedWork()
  private var control: JobControl?
  private var pendingAutosave: DispatchWorkItem?
  let worker = DispatchQueue(label: "octet.worker", qos: .userInitiated)
  let analyst = DispatchQueue(label: "octet.analyst", qos: .userInteractive)
  private let files = DispatchQueue(label: "octet.files", qos: .utility)
  private let logger = Logger(label: "octet.effects")

  /// - Parameters:
  ///   - samples: sessions that the chooser offers besides the recent ones.
  ///   - shapes: extents for symbolic dimensions, by input name.
  package init(
    options: HostOptions, folder: StateFolder = StateFolder(), samples: [String] = [],
    shapes: [String: HostShape] = [:], surface: any EffectSurface,
    dispatch: @escaping @MainActor (Action) -> Void
  ) {
    self.options = options
    self.folder = folder
    self.samples = samples
    opening = shapes
    self.surface = surface
    self.dispatch = dispatch
  }

  package func run(_ effects: [Effect]) {
    for effect in effects { run(effect) }
  }

  private func run(_ effect: Effect) {
    switch effect {
    case .open(let path): open(path)
    case .listRecent: listRecent()
    case .chooseData(let request): chooseData(request)
    case .evaluate(let generation, let recipe): evaluate(generation, recipe)
    case .regroup(let generation, let recipe): regroup(generation, recipe)
    case .detail(let generation, let layer, let recipe): detail(generation, layer, recipe)
    case .outline(let generation, let layer, let recipe): outline(generation, layer, recipe)
    case .calibrate(let run, let request, let recipe, let watched):
      calibrate(run, request, recipe, watched)
    case .watch(let edges, let recipe):
      control?.watched = Set(edges)
      sample(edges, recipe)
    case .pause: control?.pause()
    case .resume: control?.resume()
    case .step: control?.step()
    case .cancel: control?.cancel()
    case .analyse(let run, let request, let recipe): analyse(run, request, recipe)
    case .measureSensitivity(let run, let request, let recipe):
      measureSensitivity(run, request, recipe)
    case .convert(let run, let recipe): convert(run, recipe)
    case .train(let run, let record, let accepted): train(run, record, accepted: accepted)
    case .stopTraining: control?.end()
    case .keepTraining(let run, let record, let recipe, let request):
      keepTraining(run, record, recipe, request)
    case .dropTraining(let checkpoint): dropTraining(checkpoint)
    case .useWeights(let digest): useWeights(digest)
    case .benchmark(let run, let recipe, let runs, let batchSize, let request):
      benchmark(run, recipe, runs, batchSize, request)
    case .export(let run, let recipe, let path, let data, let replacing):
      export(run, recipe, path, data, replacing: replacing)
    case .setThreads(let threads): setThreads(threads)
    case .save(let path, let content, let thenQuit, let replacing):
      save(path, content, thenQuit: thenQuit, replacing: replacing)
    case .autosave(let path, let content): autosave(path, content)
    case .recover(let path): open(path, recovering: true)
    case .discardAutosave(let path): discardAutosave(path)
    case .copy(let text): surface?.copy(text)
    case .setTheme(let name):
      if let problem = surface?.setTheme(name) { send(.sessionFailed(message: problem)) }
    case .redraw: surface?.redraw()
    case .quit:
      control?.cancel()
      pendingAutosave?.cancel()
      // What was asked of the disk before must have happened.
      files.sync {}
      dropWeightFolders()
      surface?.quit()
    }
  }

  private func send(_ event: Event) { dispatch(.event(event)) }

  /// Sends from any thread, in order.
  nonisolated func post(_ event: Event) {
    DispatchQueue.main.async { MainActor.assumeIsolated { self.send(event) } }
  }

  /// Runs a job on the worker; its end is one event, whatever happens.
  func job(
    _ run: Int, _ body: @escaping @Sendable (JobControl) throws -> Event
  ) {
    let control = JobControl()
    self.control = control
    worker.async {
      do {
        self.post(try body(control))
      } catch is JobCancelled {
        self.post(.cancelled(run: run))
      } catch {
        self.post(.failed(run: run, message: "\(error)"))
      }
    }
  }

  private func open(_ path: String, recovering: Bool = false) {
    let (options, shared, folder, shapes) = (options, shared, folder, opening)
    worker.async {
      do {
        let opened = try Opening(path: path, options: options, shapes: shapes, folder: folder)
          .open(recovering: recovering)
        shared.forgetWeights()
        shared.replace(opened.workspace)
        // Those of an octet that was killed are this one's from here on.
        let kept = opened.project.trainings.compactMap(\.weights?.path)
        for place in kept.compactMap(folder.weightFolder) {
          _ = shared.weightFolders.withLock { $0.insert(place) }
        }
        folder.remember(opened.project.sessionPath ?? path)
        self.post(.opened(opened.project))
        if !recovering, let note = opened.recovery {
          self.post(.recoverable(path: note.path, description: note.description))
        }
      } catch {
        self.post(.openFailed(path: path, message: "\(error)"))
      }
    }
  }

  private func listRecent() {
    let (folder, samples) = (folder, samples)
    files.async {
      let recent = folder.recent().filter { !samples.contains($0) }.map { path in
        RecentSession(
          path: path, title: URL(fileURLWithPath: path).lastPathComponent,
          detail: URL(fileURLWithPath: path).deletingLastPathComponent().path)
      }
      let offered = samples.map { path in
        RecentSession(
          path: path, title: URL(fileURLWithPath: path).lastPathComponent, detail: "sample")
      }
      self.post(.recentListed(recent + offered))
    }
  }

  private func chooseData(_ request: DataRequest) {
    let shared = shared
    worker.async {
      guard let project = shared.workspace()?.project else { return }
      do {
        let dataset = try project.dataset(request)
        self.post(.dataChosen(try project.describe(dataset, request: request)))
      } catch {
        self.post(.sessionFailed(message: "\(error)"))
      }
    }
  }

  private func calibrate(
    _ run: Int, _ request: DataRequest, _ recipe: Recipe, _ watched: [String]
  ) {
    let shared = shared
    job(run) { control in
      guard var workspace = shared.workspace() else { throw WorkbenchError.notCalibrated }
      try workspace.project.group(by: recipe)
      let dataset = try workspace.project.dataset(request)
      let schemes = try workspace.project.layers.resolve(recipe).edges
      var lastDrawn = ContinuousClock.now - .seconds(1)
      control.watched = Set(watched)
      try workspace.calibrate(dataset, control: control) { progress in
        var summary = CalibrationProgressSummary(progress)
        // Choosing ranges costs more than counting: five times a second is lively enough.
        let isLast = progress.batchesDone == progress.batchesTotal
        if isLast || control.isPaused || ContinuousClock.now - lastDrawn > .milliseconds(200) {
          lastDrawn = ContinuousClock.now
          let byEdge = Dictionary(
            progress.watched.map { ($0.edge, $0) }, uniquingKeysWith: { first, _ in first })
          summary.live = progress.watched.map(\.edge).compactMap { edge in
            guard let seen = byEdge[edge], let choice = schemes[edge] else { return nil }
            return Analysis.live(seen, scheme: choice.scheme)
          }
        }
        self.post(.calibrationProgressed(run: run, summary))
      }
      shared.replace(workspace)
      guard let summary = workspace.calibrationSummary else { throw WorkbenchError.notCalibrated }
      return .calibrated(run: run, summary)
    }
  }

  private func analyse(_ run: Int, _ request: DataRequest, _ recipe: Recipe) {
    let shared = shared
    job(run) { control in
      guard let workspace = shared.workspace(), var analysis = shared.analysis() else {
        throw WorkbenchError.notCalibrated
      }
      let dataset = try workspace.project.dataset(request, purpose: .evaluation)
      let table = try workspace.errors(
        dataset, recipe: recipe, analysis: &analysis, control: control
      ) { self.post(.jobProgressed(run: run, $0)) }
      return .errorsAnalysed(run: run, table)
    }
  }

  private func measureSensitivity(_ run: Int, _ request: DataRequest, _ recipe: Recipe) {
    let shared = shared
    job(run) { control in
      guard let workspace = shared.workspace(), var analysis = shared.analysis() else {
        throw WorkbenchError.notCalibrated
      }
      let dataset = try workspace.project.dataset(request)
      let rows = try workspace.sensitivity(
        dataset, recipe: recipe, analysis: &analysis, control: control
      ) { self.post(.jobProgressed(run: run, $0)) }
      return .sensitivityMeasured(run: run, rows)
    }
  }

  private func convert(_ run: Int, _ recipe: Recipe) {
    let shared = shared
    job(run) { _ in
      guard var analysis = shared.analysis() else { throw WorkbenchError.notCalibrated }
      let conversion = try analysis.convert(recipe)
      return .converted(run: run, try analysis.summary(of: conversion, recipe))
    }
  }

  private func benchmark(
    _ run: Int, _ recipe: Recipe, _ runs: Int, _ batchSize: Int, _ request: DataRequest
  ) {
    let shared = shared
    job(run) { control in
      guard let workspace = shared.workspace(), var analysis = shared.analysis() else {
        throw WorkbenchError.notCalibrated
      }
      let batch = try workspace.project.dataset(request).batch(at: 0)
      let table = try workspace.benchmark(
        recipe, analysis: &analysis, batch: batch, runs: runs, batchSize: batchSize,
        control: control
      ) { self.post(.jobProgressed(run: run, $0)) }
      return .benchmarked(run: run, table)
    }
  }

  private func export(
    _ run: Int, _ recipe: Recipe, _ path: String, _ request: DataRequest?, replacing: Bool
  ) {
    let shared = shared
    job(run) { control in
      if !replacing, FileManager.default.fileExists(atPath: path) {
        return .exportExists(run: run, path: path)
      }
      guard let workspace = shared.workspace(), var analysis = shared.analysis() else {
        throw WorkbenchError.notCalibrated
      }
      // Data that cannot be read any more do not make an export a failure.
      let dataset = request.flatMap { try? workspace.project.dataset($0) }
      var summary = try workspace.export(
        recipe, to: path, analysis: &analysis, dataset: dataset)
      summary.saturation = try dataset.flatMap { dataset in
        try workspace.saturation(
          recipe, format: .qdq, dataset: dataset, analysis: &analysis, control: control)
      }
      return .exported(run: run, summary)
    }
  }

  private func setThreads(_ threads: Int) {
    options.threads = threads
    shared.update { $0.project.options.threads = threads }
    let allowed = AllowedProcessors.count
    guard threads > allowed else { return }
    send(
      .sessionFailed(
        message: "\(threads) threads on \(allowed) processor\(allowed == 1 ? "" : "s") that this "
          + "process may use wait for each other."))
  }

  private func save(_ path: String, _ content: SessionContent, thenQuit: Bool, replacing: Bool) {
    pendingAutosave?.cancel()
    let (shared, folder) = (shared, folder)
    files.async {
      guard
        let workspace = shared.workspace(withWeights: content.trainings.last?.weights?.sha256)
      else { return }
      do {
        try workspace.project.refuseToReplace(at: path)
        if !replacing, FileManager.default.fileExists(atPath: path) {
          return self.post(.sessionExists(path: path, thenQuit: thenQuit))
        }
        let content = try content.bringingWeights(beside: path)
        try SessionFile(path: path).write(workspace.session(content, at: path))
        SessionFile(path: folder.unnamedSession(for: workspace.project)).removeAutosave()
        folder.remember(path)
        self.post(.saved(path: path, thenQuit: thenQuit))
      } catch {
        self.post(.sessionFailed(message: "\(error)"))
      }
    }
  }

  private func autosave(_ path: String?, _ content: SessionContent) {
    pendingAutosave?.cancel()
    let (shared, folder, logger) = (shared, folder, logger)
    let item = DispatchWorkItem { @Sendable in
      guard
        let workspace = shared.workspace(withWeights: content.trainings.last?.weights?.sha256)
      else { return }
      let path = path ?? folder.unnamedSession(for: workspace.project)
      guard !folder.holds(path) || folder.prepare() else { return }
      do {
        try SessionFile(path: path).writeAutosave(workspace.session(content, at: path))
        self.post(.autosaved)
      } catch {
        logger.error("\(error)")
        self.post(.sessionFailed(message: "Autosave failed. \(error)"))
      }
    }
    pendingAutosave = item
    files.asyncAfter(deadline: .now() + .milliseconds(400), execute: item)
  }

  private func discardAutosave(_ path: String?) {
    pendingAutosave?.cancel()
    let (shared, folder) = (shared, folder)
    files.async {
      if let path { SessionFile(path: path).removeAutosave() }
      if let project = shared.workspace()?.project {
        SessionFile(path: folder.unnamedSession(for: project)).removeAutosave()
      }
    }
  }
}

extension CalibrationProgressSummary {
  init(_ progress: CalibrationProgress) {
    self.init(
      batchesDone: progress.batchesDone, batchCount: progress.batchesTotal,
      samples: progress.samples, elapsedSeconds: progress.elapsed.seconds,
      batchesPerSecond: progress.batchesPerSecond, remainingSeconds: progress.remaining?.seconds,
      residentBytes: progress.residentByteCount)
  }
}
