import Quantization
import Sessions

/// Training: options, the run, and what becomes of the weights.
extension WorkbenchState {
  mutating func train(_ action: Action) -> [Effect] {
    guard project != nil else { return [] }
    switch action {
    case .startTraining: return startTraining()
    case .stopTraining: return stopTraining()
    case .keepTraining: return keepTraining()
    case .discardTraining: return discardTraining()
    case .askForTrainingOption: return askForTrainingOption()
    case .adjustTraining(let step):
      guard tab == .train, train.focus == .options, mayChangeTraining() else { return [] }
      if !train.adjust(train.selectedOption, by: step, marked: layers.marks.count) {
        return askForTrainingOption()
      }
      return []
    case .setTraining(let option, let text):
      guard mayChangeTraining() else { return [] }
      do throws(CommandError) {
        try train.set(option, text)
        say("Training: \(option.rawValue) \(text).")
      } catch {
        say(error.description, .error)
      }
      return []
    default: return []
    }
  }

  private mutating func mayChangeTraining() -> Bool {
    guard train.isRunning else { return true }
    say("The options of a running training stay as they are; s ends it early.", .warning)
    return false
  }

  private mutating func askForTrainingOption() -> [Effect] {
    guard mayChangeTraining() else { return [] }
    let option = train.selectedOption
    let now = train.text(option, marked: layers.marks.count, hasLabels: true)
    let text =
      switch option {
      case .layers where train.layers == .marked: "marked"
      case .loss: train.settings.loss?.rawValue ?? "auto"
      case .data: train.dataPath ?? "same"
      default: now
      }
    overlay = .prompt(
      Prompt(
        kind: .training(option), title: "Training: \(option.rawValue)", hint: option.hint,
        input: EditedLine(text)))
    return []
  }

  // Start, pause, end.

  mutating func startTraining() -> [Effect] {
    if let job {
      say("Wait until \(job.kind.title) is done, or cancel it with Ctrl-X.", .warning)
      return []
    }
    if train.record != nil {
      if train.phase != .done { return resumeTraining() }
      say("Keep the trained weights (K) or discard them (D) first.", .warning)
      return []
    }
    guard let data = calibrate.data else { return askForData() }
    if let finding = data.findings.first(where: { $0.severity == .error }), train.dataPath == nil {
      say("\(finding.place): \(finding.what). \(finding.advice)", .error)
      return []
    }
    guard let record = newTraining() else { return [] }
    return begin(record)
  }

  /// The training that the options ask for, or a word on what they lack.
  private mutating func newTraining() -> TrainingRecord? {
    guard let project else { return nil }
    var settings = train.settings
    switch train.layers {
    case .all: settings.layers = nil
    case .marked:
      let marked = project.layers.filter { layers.marks.contains($0.id) && $0.hasWeights }
      guard !marked.isEmpty else {
        say("No layer with weights is marked: Space marks them in the Layers tab.", .warning)
        return nil
      }
      settings.layers = marked.map(\.id)
    case .worst(let count):
      let worst = layersByLoss.prefix(count)
      guard !worst.isEmpty else {
        say("Nothing is known of what layers lose: calibrate first, or e measures it.", .warning)
        return nil
      }
      settings.layers = project.layers.map(\.id).filter(worst.contains)
    }
    var request = dataRequest
    if let path = train.dataPath, path != request.path {
      // Names of members and an order belong to the file of calibration.
      request.path = path == "random" ? "" : path
      (request.mapping, request.labels, request.seed) = ([:], nil, nil)
    }
    if let preprocessing = train.preprocessing { request.preprocessing = preprocessing }
    request.limit = train.limit
    request.batchSize = 1
    return TrainingRecord(
      settings: settings, data: Session.DataReference(request),
      recipe: recipe.withoutTrainedRanges, instructionSet: project.instructionSet,
      threads: project.threads)
  }

  /// Quantized layers with weights, the one that loses most first: by measured loss where there is
  /// one, else by the prediction.
  private var layersByLoss: [String] {
    let measured = localErrors
    let known = (project?.layers ?? []).compactMap { layer -> (id: String, decibels: Double)? in
      guard layer.hasWeights, let evaluation = layers.evaluations[layer.id], !evaluation.isFloat
      else { return nil }
      let predicted = [evaluation.activation?.decibels, evaluation.weightDecibels]
        .compactMap(\.self).min()
      return (measured[layer.id] ?? predicted).map { (layer.id, $0) }
    }
    return known.sorted { ($0.decibels, $0.id) < ($1.decibels, $1.id) }.map(\.id)
  }

  private mutating func begin(_ record: TrainingRecord) -> [Effect] {
    run += 1
    train.begin(record)
    train.focus = .layers
    job = Job(kind: .training, run: run, progress: JobProgress(done: 0, total: 0))
    let known = calibrate.data?.findings.map(\.what) ?? []
    return [.train(run: run, record, accepted: known + train.accepted)]
  }

  /// The data look wrong: asks how to feed them, and trains then.
  mutating func question(_ finding: DataSummary.Finding) -> [Effect] {
    job = nil
    train.forget()
    var prompt = Prompt(
      kind: .training(.preprocess), title: "Preprocessing for training",
      hint: "\(finding.place): \(finding.what)",
      input: EditedLine(
        finding.advice.contains("scale=1/255") ? "scale=1/255" : train.preprocessing ?? "same"))
    prompt.acceptedFinding = finding.what
    overlay = .prompt(prompt)
    return []
  }

  /// Goes on from the last checkpoint.
  mutating func resumeTraining() -> [Effect] {
    guard let record = train.record, job == nil else { return [] }
    tab = .train
    say("Training goes on from its last checkpoint.")
    return begin(record)
  }

  mutating func offerToResume(_ record: TrainingRecord) {
    train.record = record
    train.settings = record.settings
    let epochs = record.settings.epochs
    overlay = .confirmation(
      Confirmation(
        kind: .resumeTraining, question: "Go on with the training?",
        detail: record.result == nil
          ? "A training of \(epochs) epoch\(epochs == 1 ? "" : "s") was under way when octet ended."
            + " It goes on from its last checkpoint, to the same end."
          : "A training has ended, and its weights were neither kept nor discarded.",
        answers: [.yes, .discard, .cancel]))
  }

  mutating func togglePauseOfTraining() -> [Effect] {
    switch train.phase {
    case .running:
      train.phase = .paused
      job?.isPaused = true
      say("Paused. Space goes on, s ends the training here.")
      return [.pause]
    case .paused:
      train.phase = .running
      job?.isPaused = false
      return [.resume]
    case .ready, .stopping, .done, .failed: return []
    }
  }

  private mutating func stopTraining() -> [Effect] {
    guard job?.kind == .training else {
      say("No training is running.")
      return []
    }
    guard train.phase != .stopping else { return [] }
    train.phase = .stopping
    job?.isPaused = false
    say("Ending after this batch; what there is will be judged.")
    return [.stopTraining]
  }

  // What it left.

  mutating func takeTraining(_ record: TrainingRecord) -> [Effect] {
    train.record = record
    train.phase = .done
    let command = trainCommand
    var text = "Trained."
    if let result = record.result, let before = result.epochs.first?.int8, let best = result.best {
      text =
        best.epoch == 0
        ? "Trained, no epoch better: int8 \(before.brief)."
        : "Trained, epoch \(best.epoch) best: int8 \(before.brief) → \(best.int8.figure)."
      text += " K keeps it, D discards it."
    }
    return finish(text, command: command) + changed()
  }

  private mutating func keepTraining() -> [Effect] {
    guard let record = train.record, record.result != nil, train.phase == .done else {
      say(
        train.record == nil
          ? "There are no trained weights to keep: r trains."
          : "The training is not at its end yet: r goes on with it.", .warning)
      return []
    }
    if let job {
      say("Wait until \(job.kind.title) is done, or cancel it with Ctrl-X.", .warning)
      return []
    }
    run += 1
    job = Job(kind: .keeping, run: run, progress: JobProgress(done: 0, total: 0))
    return [.keepTraining(run: run, record, recipe, dataRequest)]
  }

  mutating func adopt(_ kept: KeptTraining) -> [Effect] {
    let epoch = kept.record.result?.bestEpoch ?? 0
    history.push(
      kept.recipe, label: "trained weights of epoch \(epoch)",
      trainings: trainings + [kept.record])
    project = kept.project
    calibrate.summary = kept.calibration
    calibrate.phase = .done
    train.forget()
    return finish("Trained weights are in force, everywhere. u takes them back.", command: nil)
      + recipeChanged()
  }

  private mutating func discardTraining() -> [Effect] {
    guard train.record != nil else {
      say("There is no training to discard.")
      return []
    }
    guard job?.kind != .training, job?.kind != .keeping else {
      say("The training is running: Ctrl-X cancels and drops it.", .warning)
      return []
    }
    overlay = .confirmation(
      Confirmation(
        kind: .discardTraining,
        question: train.phase == .done
          ? "Discard the trained weights?" : "Discard the unfinished training?",
        detail: "The model stays as it is; training again takes its time.",
        answers: [.yes, .cancel]))
    return []
  }

  mutating func forgetTraining() -> [Effect] {
    let checkpoint = train.record?.checkpoint
    train.forget()
    say("The training was dropped; the model is as it was.")
    return [.dropTraining(checkpoint: checkpoint)] + changed()
  }

  /// Says why a training failed, and holds on to what of it can go on.
  mutating func failTraining(_ message: String, left: TrainingRecord?) -> [Effect] {
    let before = train.record
    if left == nil { train.forget() }
    train.record = left
    train.phase = .failed(message)
    train.focus = .options
    job = nil
    say(message, .error)
    return left == before ? [] : changed()
  }

  // Weights.

  /// Whether a step of the history can be taken now: jobs work with the weights in force.
  mutating func mayUseWeights(of entry: RecipeHistory.Entry?) -> Bool {
    guard let entry, entry.trainings != trainings else { return true }
    if train.record != nil, !train.isRunning {
      say("Keep (K) or discard (D) the training first: it began with these weights.", .warning)
      return false
    }
    guard let job else { return true }
    say("Wait until \(job.kind.title) is done, or cancel it with Ctrl-X.", .warning)
    return false
  }

  func weightsChanged(from before: [TrainingRecord]) -> [Effect] {
    trainings == before ? [] : [.useWeights(digest: trainings.last?.weights?.sha256)]
  }
}

extension TrainingResult.Score {
  /// `accuracy 97.1%`, or the distance from the float model where there are no labels.
  package var brief: String {
    accuracy.map { "accuracy \(Numbers.percent($0))" } ?? Numbers.decibelText(decibels)
  }

  /// The same without the word.
  var figure: String { accuracy.map(Numbers.percent) ?? Numbers.decibelText(decibels) }
}
