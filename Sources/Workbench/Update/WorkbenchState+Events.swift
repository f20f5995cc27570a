import Quantization
import Sessions

extension WorkbenchState {
  /// Takes in what an effect reports. Reports of an older run are dropped.
  mutating func receive(_ event: Event) -> [Effect] {
    switch event {
    case .opened(let opened): return adopt(opened)
    case .openFailed(_, let message):
      job = nil
      say(message, .error)
      return []
    case .dataChosen(let data):
      calibrate.data = data
      calibrate.requestedPath = data.isRandom ? "" : data.path
      if let finding = data.findings.first(where: { $0.severity != .note }) {
        say("\(finding.place): \(finding.what). \(finding.advice)", .warning)
      } else {
        say("Data: \(data.title).")
      }
      return changed()
    case .evaluated(let generation, let evaluations):
      guard generation == self.generation else { return [] }
      for evaluation in evaluations { layers.evaluations[evaluation.layer] = evaluation }
      return []
    case .regrouped(let generation, let project, let unobserved):
      // Other edits may have followed; only a later regrouping outdates it.
      guard generation == groupingGeneration else { return [] }
      return regroup(project, unobserved: unobserved)
    case .detailed(let generation, let detail):
      guard generation == self.generation, detail.layer == selectedLayer?.id else { return [] }
      layers.detail = detail
      return []
    case .outlined(let generation, let outline):
      guard generation == self.generation, outline.layer == selectedLayer?.id else { return [] }
      layers.outline = outline
      return []
    case .watchedSampled(let live):
      guard !calibrate.isRunning else { return [] }
      var progress =
        calibrate.progress ?? CalibrationProgressSummary(batchesDone: 0, batchCount: 0)
      progress.live = live
      calibrate.progress = progress
      return []
    case .recentListed(let sessions):
      recent = sessions
      return []
    case .recoverable(let path, let description):
      overlay = .confirmation(
        Confirmation(
          kind: .recover(path: path), question: "Recover unsaved work?", detail: description,
          answers: [.yes, .discard, .cancel]))
      return []
    case .saved(let path, let thenQuit):
      sessionPath = path
      isUnsaved = hasChangedSinceSave
      say("Saved \(path).")
      log.append(.done, "Saved \(path)")
      return thenQuit ? [.quit] : []
    case .sessionExists(let path, let thenQuit):
      askToReplace(path, .replaceSession(path: path, thenQuit: thenQuit))
      return []
    case .autosaved:
      return []
    case .weightsUsed(let project, let calibration):
      self.project = project
      calibrate.summary = calibration
      calibrate.phase = calibration == nil ? .ready : .done
      return []
    case .sessionFailed(let message):
      say(message, .error)
      return []
    case .jobProgressed(let run, _), .calibrationProgressed(let run, _), .calibrated(let run, _),
      .errorsAnalysed(let run, _), .sensitivityMeasured(let run, _), .converted(let run, _),
      .trainingStarted(let run, _), .trainingQuestioned(let run, _),
      .trainingProgressed(let run, _), .trained(let run, _), .trainingFailed(let run, _, _),
      .trainingKept(let run, _), .benchmarked(let run, _), .exported(let run, _),
      .exportExists(let run, _),
      .cancelled(let run), .failed(let run, _):
      guard run == job?.run else { return [] }
      return receiveFromJob(event)
    }
  }

  /// Shows the layers as they are split now, with the cursor where it was.
  private mutating func regroup(_ project: ProjectSummary, unobserved: [String]) -> [Effect] {
    let selected = selectedLayer
    let rowBefore = layers.cursor.selected
    self.project = project
    layers.marks.formIntersection(project.layers.map(\.id))
    let rows = layers.rows(of: project.layers)
    let wanted = [selected?.id, selected?.splitFrom].compactMap(\.self)
    let found = wanted.lazy.compactMap { id in
      rows.firstIndex {
        if case .layer(let index, _) = $0 { project.layers[index].id == id } else { false }
      }
    }.first
    layers.cursor.select(found ?? rowBefore, count: rows.count, visible: visibleRows)
    if let edge = unobserved.first {
      let others = unobserved.count > 1 ? " and \(unobserved.count - 1) more were" : " was"
      say("'\(edge)'\(others) never observed: calibrate again, 2 and then r.", .warning)
    }
    return refreshDetail()
  }

  private mutating func receiveFromJob(_ event: Event) -> [Effect] {
    switch event {
    case .jobProgressed(_, let progress):
      job?.progress = progress
      return []
    case .calibrationProgressed(_, let progress):
      calibrate.progress = progress
      job?.progress = JobProgress(
        done: progress.batchesDone, total: progress.batchCount, detail: "batch")
      return []
    case .calibrated(_, let summary):
      calibrate.phase = .done
      calibrate.summary = summary
      errors.isStale = errors.report != nil
      benchmark.isStale = benchmark.report != nil
      conversion = nil
      return finish(
        "Calibrated: \(summary.samples) samples, \(summary.edges) tensors. e measures errors.",
        command: calibrateCommand) + reevaluate() + changed()
    case .errorsAnalysed(_, let report):
      errors.report = report
      errors.isStale = false
      tab = .errors
      errors.cursor = ListCursor()
      let output =
        report.output.int8Decibels.map { " Output SQNR \(Numbers.decibelText($0))." } ?? ""
      return finish("Errors measured.\(output)", command: compareCommand) + changed()
    case .sensitivityMeasured(_, let rows):
      errors.sensitivity = Dictionary(
        rows.map { ($0.layer, $0.outputDecibels) }, uniquingKeysWith: { first, _ in first })
      errors.sort = .sensitivity
      return finish("Sensitivity measured, one layer at a time.", command: nil)
    case .converted(_, let summary):
      conversion = summary
      for note in summary.notes { log.append(.warning, note) }
      return finish(
        "Converted: \(summary.layerText).",
        command: nil)
    case .benchmarked(_, let report):
      benchmark.report = report
      benchmark.isStale = false
      tab = .benchmark
      benchmark.cursor = ListCursor()
      let ratio = (report.speedUp * 100).rounded() / 100
      return finish("int8 is \(ratio)× as fast as fp32 here.", command: benchmarkCommand)
        + changed()
    case .trainingStarted(_, let record):
      train.record = record
      // From here on a killed octet can go on.
      return changed()
    case .trainingQuestioned(_, let finding): return question(finding)
    case .trainingProgressed(_, let progress):
      train.add(progress)
      job?.progress = JobProgress(
        done: (progress.epoch - 1) * progress.batchCount + progress.batch,
        total: progress.epochCount * progress.batchCount, detail: "batch")
      return []
    case .trained(_, let record): return takeTraining(record)
    case .trainingFailed(_, let message, let left): return failTraining(message, left: left)
    case .trainingKept(_, let kept): return adopt(kept)
    case .exported(_, let summary):
      let effects = finish(
        "Exported \(summary.path): \(summary.verification).", command: exportCommand)
      if let saturation = summary.saturation {
        log.append(saturation.saturated > 0 ? .warning : .done, saturation.text)
        if saturation.saturated > 0 {
          say("Exported \(summary.path). \(saturation.brief) See the Log.", .warning)
        }
      }
      return effects
    case .exportExists(_, let path):
      job = nil
      askToReplace(path, .replaceExport(path: path))
      return []
    case .cancelled:
      if job?.kind == .calibration { calibrate.phase = calibrate.summary == nil ? .ready : .done }
      guard job?.kind == .training else { return finish("Cancelled.", command: nil) }
      let effects = forgetTraining()
      return finish("Cancelled: the training was dropped.", command: nil) + effects
    case .failed(_, let message):
      if job?.kind == .calibration { calibrate.phase = .failed(message) }
      job = nil
      say(message, .error)
      return []
    default:
      return []
    }
  }

  private mutating func askToReplace(_ path: String, _ kind: Confirmation.Kind) {
    overlay = .confirmation(
      Confirmation(
        kind: kind, question: "Replace \(path)?", detail: "There is a file of that name already.",
        answers: [.yes, .cancel]))
  }

  mutating func finish(_ text: String, command: String?) -> [Effect] {
    job = nil
    say(text)
    log.append(.done, text)
    if let command { log.append(.command, command) }
    return []
  }

  private mutating func adopt(_ opened: OpenedProject) -> [Effect] {
    let fresh = WorkbenchState()
    let (width, height, run, recent) = (width, height, run, recent)
    self = fresh
    self.width = width
    self.height = height
    self.run = run
    self.recent = recent
    project = opened.project
    history = RecipeHistory(opened.recipe, trainings: opened.trainings)
    groupedBy = opened.recipe.fusionRules
    sessionPath = opened.sessionPath
    calibrate.data = opened.data
    calibrate.requestedPath = opened.data.map { $0.isRandom ? "" : $0.path }
    calibrate.batchSize = opened.batchSize
    calibrate.limit = opened.limit
    calibrate.states = opened.states
    calibrate.mapping = opened.mapping
    calibrate.labels = opened.labels
    calibrate.seed = opened.seed
    calibrate.preprocessing = opened.preprocessing
    calibrate.summary = opened.calibration
    calibrate.phase = opened.calibration == nil ? .ready : .done
    errors.report = opened.errors
    benchmark.report = opened.benchmark
    conversion = opened.conversion
    log = LogFeature(entries: opened.log)
    for note in opened.project.notes { log.append(.warning, note) }
    layers.arrangement = opened.project.layers.contains { $0.path.count > 1 } ? .tree : .list
    say("Opened \(opened.project.modelName): \(opened.project.layers.count) layers. ? for help.")
    isUnsaved = opened.isRecovered
    let rows = layers.rows(of: opened.project.layers)
    let first = rows.firstIndex { if case .layer = $0 { true } else { false } }
    layers.cursor.select(first ?? 0, count: rows.count, visible: visibleRows)
    if let unfinished = opened.unfinishedTraining { offerToResume(unfinished) }
    return reevaluate()
  }
}
