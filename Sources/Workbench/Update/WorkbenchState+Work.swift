import Quantization

extension WorkbenchState {
  /// Jobs, data, files.
  mutating func work(_ action: Action) -> [Effect] {
    switch action {
    case .openModel(let path): return open(path)
    case .quit: return quitOrAsk()
    case .cancelJob:
      guard job != nil else {
        say("No job is running.")
        return []
      }
      job?.isCancelling = true
      say("Cancelling…")
      return [.cancel]
    case .togglePause: return job?.kind == .training ? togglePauseOfTraining() : togglePause()
    case .stepBatch: return stepBatch()
    default: break
    }
    guard project != nil else {
      say("Open a model first: Enter opens the selected session, :open PATH a file.", .warning)
      return []
    }
    switch action {
    case .askForData: return askForData()
    case .chooseData(let path):
      calibrate.data = nil
      calibrate.requestedPath = path == "random" ? "" : path
      calibrate.mapping = [:]
      calibrate.labels = nil
      calibrate.seed = nil
      return [.chooseData(dataRequest)]
    case .setPreprocessing(let text):
      calibrate.preprocessing = text
      return readDataAgain()
    case .setBatchSize(let size):
      calibrate.batchSize = max(size, 1)
      return readDataAgain()
    case .setLimit(let limit):
      calibrate.limit = limit
      return readDataAgain()
    case .setStates(let states):
      calibrate.states = states
      return readDataAgain()
    case .setThreads(let threads):
      project?.threads = max(threads, 1)
      benchmark.isStale = benchmark.report != nil
      return [.setThreads(max(threads, 1))]
    case .toggleWatch: return toggleWatch()
    case .startCalibration: return startCalibration()
    case .analyseErrors:
      return start(.errors) { [.analyse(run: $0.run, $0.dataRequest, $0.recipe)] }
    case .runSensitivity:
      return start(.sensitivity) { [.measureSensitivity(run: $0.run, $0.dataRequest, $0.recipe)] }
    case .convert:
      return start(.conversion) { [.convert(run: $0.run, $0.recipe)] }
    case .runBenchmark:
      return start(.benchmark) {
        [
          .benchmark(
            run: $0.run, $0.recipe, runs: $0.benchmark.runs, batchSize: $0.calibrate.batchSize,
            $0.dataRequest)
        ]
      }
    case .export(let path): return export(to: path)
    case .save(let path): return saveSession(to: path ?? sessionPath, thenQuit: false)
    default: return []
    }
  }

  /// How data are fed has changed: reads those that were asked for, if any.
  private func readDataAgain() -> [Effect] {
    calibrate.requestedPath == nil ? [] : [.chooseData(dataRequest)]
  }

  private mutating func open(_ path: String) -> [Effect] {
    if isUnsaved {
      overlay = .confirmation(
        Confirmation(
          kind: .openUnsaved(path: path), question: "Drop unsaved changes and open \(path)?",
          detail: "Esc goes back; save first with Ctrl-S.", answers: [.discard, .cancel]))
      return []
    }
    return startOpening(path)
  }

  mutating func startOpening(_ path: String) -> [Effect] {
    guard job == nil else {
      say("Wait for the running job, or cancel it with Ctrl-X.", .warning)
      return []
    }
    run += 1
    job = Job(kind: .opening, run: run, progress: JobProgress(done: 0, total: 0, detail: path))
    return [.open(path: path)]
  }

  /// Starts a job that needs statistics, or says what is missing.
  private mutating func start(
    _ kind: Job.Kind, effects: (borrowing WorkbenchState) -> [Effect]
  ) -> [Effect] {
    if let job {
      say("Wait until \(job.kind.title) is done, or cancel it with Ctrl-X.", .warning)
      return []
    }
    if lacksCalibration {
      say("Calibrate first (tab 2, then r): \(kind.title) needs observed ranges.", .warning)
      return []
    }
    run += 1
    job = Job(kind: kind, run: run, progress: JobProgress(done: 0, total: 0))
    return effects(self)
  }

  private mutating func startCalibration() -> [Effect] {
    if let job {
      say("Wait until \(job.kind.title) is done, or cancel it with Ctrl-X.", .warning)
      return []
    }
    guard let data = calibrate.data else {
      return askForData()
    }
    if let finding = data.findings.first(where: { $0.severity == .error }) {
      say("\(finding.place): \(finding.what). \(finding.advice)", .error)
      return []
    }
    run += 1
    calibrate.phase = .running
    calibrate.progress = CalibrationProgressSummary(batchesDone: 0, batchCount: data.batchCount)
    job = Job(
      kind: .calibration, run: run, progress: JobProgress(done: 0, total: data.batchCount))
    if calibrate.watched.isEmpty { calibrate.watched = defaultWatched }
    return [.calibrate(run: run, dataRequest, recipe, watched: calibrate.watched)]
  }

  mutating func askForData() -> [Effect] {
    overlay = .prompt(
      Prompt(
        kind: .data, title: "Calibration data",
        hint: ".npz, a folder of .npy, .pb, PNG or JPEG; or the word random",
        input: EditedLine(calibrate.requestedPath ?? "")))
    return []
  }

  /// The outputs of the first layers with weights: something to look at from the first batch on.
  private var defaultWatched: [String] {
    let weighted = project?.layers.filter { $0.hasWeights && $0.role == .quantizable } ?? []
    return weighted.prefix(6).map(\.outputEdge)
  }

  private mutating func togglePause() -> [Effect] {
    guard job?.kind == .calibration else { return [] }
    switch calibrate.phase {
    case .running:
      calibrate.phase = .paused
      job?.isPaused = true
      say("Paused. Space goes on, s runs one batch.")
      return [.pause]
    case .paused:
      calibrate.phase = .running
      job?.isPaused = false
      return [.resume]
    case .ready, .done, .failed:
      return []
    }
  }

  private mutating func stepBatch() -> [Effect] {
    if calibrate.phase == .paused { return [.step] }
    if calibrate.phase == .running {
      calibrate.phase = .paused
      job?.isPaused = true
      return [.pause]
    }
    guard job == nil, project != nil, calibrate.data != nil else { return [] }
    let effects = startCalibration()
    guard calibrate.phase == .running else { return effects }
    calibrate.phase = .paused
    job?.isPaused = true
    return effects + [.pause, .step]
  }

  private mutating func toggleWatch() -> [Effect] {
    let edge: String
    if tab == .calibrate {
      guard calibrate.watched.indices.contains(calibrate.cursor.selected) else { return [] }
      edge = calibrate.watched[calibrate.cursor.selected]
    } else {
      guard let layer = selectedLayer else { return [] }
      edge = layer.outputEdge
    }
    if let index = calibrate.watched.firstIndex(of: edge) {
      calibrate.watched.remove(at: index)
      say("No longer watching \(edge).")
    } else {
      calibrate.watched.append(edge)
      say("Watching \(edge) in the Calibrate tab.")
    }
    clampCursors()
    return [.watch(calibrate.watched, recipe)]
  }

  private mutating func export(to path: String?) -> [Effect] {
    if lacksCalibration {
      say("Calibrate first (tab 2, then r): an export needs observed ranges.", .warning)
      return []
    }
    guard let path else {
      overlay = .prompt(
        Prompt(
          kind: .export, title: "Export the int8 model", hint: "QDQ ONNX, written atomically",
          input: EditedLine(project.map { defaultExportPath($0.modelPath) } ?? "")))
      return []
    }
    return startExport(to: path)
  }

  private func defaultExportPath(_ model: String) -> String {
    let stem = model.hasSuffix(".onnx") ? String(model.dropLast(5)) : model
    return stem + ".int8.onnx"
  }

  mutating func startExport(to path: String, replacing: Bool = false) -> [Effect] {
    start(.export) {
      [
        .export(
          run: $0.run, $0.recipe, path: path, $0.calibrate.data == nil ? nil : $0.dataRequest,
          replacing: replacing)
      ]
    }
  }

  mutating func saveSession(to path: String?, thenQuit: Bool) -> [Effect] {
    guard project != nil else { return thenQuit ? [.quit] : [] }
    guard let path else {
      var prompt = Prompt(
        kind: .save, title: "Save the session", hint: "a JSON file",
        input: EditedLine(project.map { $0.modelName + ".octet.json" } ?? ""))
      prompt.quitsAfterwards = thenQuit
      overlay = .prompt(prompt)
      return []
    }
    return save(to: path, thenQuit: thenQuit, replacing: path == sessionPath)
  }

  mutating func save(to path: String, thenQuit: Bool, replacing: Bool) -> [Effect] {
    hasChangedSinceSave = false
    return [.save(path: path, sessionContent, thenQuit: thenQuit, replacing: replacing)]
  }
}
