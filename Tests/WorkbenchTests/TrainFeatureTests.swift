import Quantization
import Sessions
import Testing

@testable import Workbench

@Suite struct TrainFeatureTests {
  private static func score(_ accuracy: Double) -> TrainingResult.Score {
    TrainingResult.Score(accuracy: accuracy, agreement: accuracy, decibels: 20)
  }

  private static func result(best: Int = 2) -> TrainingResult {
    TrainingResult(
      epochs: [0.8, 0.85, 0.9].enumerated().map { index, accuracy in
        TrainingResult.Epoch(
          epoch: index, loss: index == 0 ? nil : 1 / Double(index), simulated: score(accuracy),
          int8: score(accuracy))
      }, bestEpoch: best, float: score(0.95))
  }

  /// On the Train tab, with data.
  private static func ready() -> WorkbenchState {
    var state = SampleProject.calibrated()
    _ = state.update(.selectTab(.train))
    return state
  }

  private static func started(checkpoint: String = "/state/a.npz") -> WorkbenchState {
    var state = ready()
    _ = state.update(.startTraining)
    if var record = state.train.record {
      record.checkpoint = checkpoint
      record.settings.loss = .crossEntropy
      _ = state.update(.event(.trainingStarted(run: state.run, record)))
    }
    return state
  }

  private static func trained() -> WorkbenchState {
    var state = started()
    if var record = state.train.record {
      record.result = result()
      _ = state.update(.event(.trained(run: state.run, record)))
    }
    return state
  }

  private static func kept() throws -> WorkbenchState {
    var state = trained()
    _ = state.update(.keepTraining)
    var record = try #require(state.train.record)
    record.checkpoint = nil
    record.weights = Session.ModelReference(path: "/state/w.onnx", sha256: "beef", byteCount: 9)
    var recipe = state.recipe
    var change = QConfigChange()
    change.activation.observer = .fixed(scale: 0.05, zeroPoint: 0)
    recipe.set(change, for: .tensor("/head/fc_out"), note: Recipe.trainedNote)
    _ = state.update(
      .event(
        .trainingKept(
          run: state.run,
          KeptTraining(
            record: record, recipe: recipe, project: SampleProject.project,
            calibration: SampleProject.calibration))))
    SampleProject.evaluate(&state)
    return state
  }

  // The run.

  @Test func startsPausesGoesOnAndEnds() throws {
    var state = Self.ready()
    let effects = state.update(.startTraining)
    let record = try #require(state.train.record)
    #expect(effects == [.train(run: state.run, record, accepted: [])])
    #expect(record.data.path == "/data/calib.npz" && record.settings.layers == nil)
    #expect(record.instructionSet == "avx2" && record.threads == 1)
    #expect(state.train.phase == .running)
    #expect(state.update(.togglePause) == [.pause])
    #expect(state.train.phase == .paused && state.job?.isPaused == true)
    #expect(state.update(.togglePause) == [.resume])
    #expect(state.update(.stopTraining) == [.stopTraining])
    #expect(state.train.phase == .stopping)
    #expect(state.update(.stopTraining).isEmpty)
  }

  @Test func aStartedTrainingIsAutosavedAsUnfinished() {
    var state = Self.ready()
    _ = state.update(.startTraining)
    guard var record = state.train.record else { return }
    record.checkpoint = "/state/a.npz"
    let effects = state.update(.event(.trainingStarted(run: state.run, record)))
    #expect(effects == [.autosave(sessionPath: state.sessionPath, state.sessionContent)])
    #expect(state.sessionContent.unfinishedTraining == record)
    #expect(state.isUnsaved)
  }

  @Test func aRunThatLosesItsDataAsksForThem() {
    var state = SampleProject.opened()
    #expect(state.update(.startTraining).isEmpty)
    guard case .prompt(let prompt) = state.overlay else {
      Issue.record("no prompt")
      return
    }
    #expect(prompt.kind == .data)
  }

  @Test func curvesGrowAndAreThinned() {
    var state = Self.started()
    for batch in 1...1000 {
      var progress = TrainingProgressSummary(
        epoch: 1, epochCount: 2, batch: batch, batchCount: 1000, gradientNorm: 1, loss: 2)
      if batch == 1 {
        progress.epochs = [Self.result().epochs[0]]
        progress.drift = [LayerDrift(layer: "/head/fc", weight: 0.1)]
      }
      _ = state.update(.event(.trainingProgressed(run: state.run, progress)))
    }
    #expect((300...600).contains(state.train.losses.count))
    #expect(state.train.losses.last?.place == 1)
    #expect(state.train.losses.allSatisfy { $0.value == 2 })
    // What is sent rarely stays until it is sent again.
    #expect(state.train.progress?.drift.count == 1)
    #expect(state.train.progress?.epochs.count == 1)
    #expect(state.job?.progress.fraction == 0.5)
  }

  @Test func dataThatLookWrongAreAskedAboutOnce() {
    var state = Self.ready()
    _ = state.update(.startTraining)
    let finding = DataSummary.Finding(
      severity: .warning, what: "8-bit pixels", place: "x", advice: "add scale=1/255")
    #expect(state.update(.event(.trainingQuestioned(run: state.run, finding))).isEmpty)
    #expect(state.job == nil)
    guard case .prompt(let prompt) = state.overlay else {
      Issue.record("no prompt")
      return
    }
    #expect(prompt.input.text == "scale=1/255")
    let effects = state.update(.submitText)
    guard case .train(_, let record, let accepted) = effects.first else {
      Issue.record("\(effects)")
      return
    }
    #expect(record.data.preprocessing == "scale=1/255")
    #expect(accepted == ["8-bit pixels"])
  }

  // Options.

  @Test func theChosenLayersAreTheOnesTrained() {
    var state = SampleProject.measured()
    _ = state.update(.selectTab(.train))
    _ = state.update(.setTraining(.layers, "worst 2"))
    _ = state.update(.startTraining)
    // Least local SQNR among layers with weights, in model order.
    #expect(state.train.record?.settings.layers == ["/block/1/expand", "/head/fc"])

    state = SampleProject.measured()
    _ = state.update(.setTraining(.layers, "marked"))
    #expect(state.update(.startTraining).isEmpty)
    #expect(state.message?.text.contains("marked") == true)
    state.layers.marks = ["/head/fc", "/head/pool"]
    _ = state.update(.startTraining)
    #expect(state.train.record?.settings.layers == ["/head/fc"])
  }

  @Test func optionsAreTypedAndStepped() throws {
    var state = Self.ready()
    for (option, text) in [
      (TrainFeature.Option.epochs, "7"), (.rate, "0.002"), (.loss, "kl"), (.batch, "16"),
      (.schedule, "step=2:0.5"), (.optimizer, "sgd"), (.heldOut, "20%"), (.samples, "100"),
      (.data, "/data/train.npz"),
    ] {
      _ = state.update(.setTraining(option, text))
    }
    _ = state.update(.startTraining)
    let record = try #require(state.train.record)
    #expect(record.settings.epochs == 7 && record.settings.rate == 0.002)
    #expect(record.settings.loss == .divergence && record.settings.batchSize == 16)
    #expect(record.settings.schedule == "step=2:0.5" && record.settings.optimizer == .sgd)
    #expect(record.settings.validationShare == 0.2)
    #expect(record.data.limit == 100 && record.data.path == "/data/train.npz")
    // A running training keeps its options.
    _ = state.update(.setTraining(.epochs, "9"))
    #expect(state.message?.kind == .warning && state.train.settings.epochs == 7)
  }

  @Test(arguments: [
    (TrainFeature.Option.epochs, "0"), (.epochs, "9223372036854775807"), (.batch, "1000001"),
    (.layers, "worst 9223372036854775807"), (.epochs, "many"), (.rate, "-1"), (.rate, "nan"),
    (.layers, "worst"), (.layers, "best 3"), (.loss, "huber"), (.schedule, "step=0:1"),
    (.optimizer, "lion"), (.batch, "1.5"), (.heldOut, "100"), (.samples, "none"),
  ]) func wrongValuesAreRefused(option: TrainFeature.Option, text: String) {
    var state = Self.ready()
    let before = state.train
    _ = state.update(.setTraining(option, text))
    #expect(state.message?.kind == .error)
    #expect(state.train == before)
  }

  @Test func arrowsStepThroughEveryOptionAndBack() {
    var state = Self.ready()
    for row in TrainFeature.Option.allCases.indices {
      _ = state.update(.selectRow(row))
      let option = state.train.selectedOption
      guard option != .data, option != .preprocess, option != .samples else { continue }
      let before = state.train.text(option, marked: 0, hasLabels: true)
      _ = state.update(.adjustTraining(by: 1))
      #expect(state.train.text(option, marked: 0, hasLabels: true) != before, "\(option)")
      _ = state.update(.adjustTraining(by: -1))
      #expect(state.train.text(option, marked: 0, hasLabels: true) == before, "\(option)")
    }
  }

  @Test func theCommandLineSetsOptions() {
    var state = Self.ready()
    _ = state.update(.startCommand)
    state.type("training layers worst 3")
    _ = state.update(.submitText)
    #expect(state.train.layers == .worst(3))
    _ = state.update(.startCommand)
    state.type("training speed 3")
    _ = state.update(.submitText)
    #expect(state.message?.text.contains("it takes layers, loss") == true)
  }

  // What becomes of the weights.

  @Test func aResultWaitsToBeKeptOrDiscarded() throws {
    var state = Self.trained()
    #expect(state.train.phase == .done && state.job == nil)
    #expect(state.message?.text.contains("epoch 2 best: int8 accuracy 80.0% → 90.0%") == true)
    #expect(
      state.log.entries.last?.text
        == "octet train /models/sample.onnx --data /data/calib.npz --target x86"
        + " --loss cross-entropy --epochs 3 --learning-rate 0.0005 --schedule cosine"
        + " --optimizer adamw --mini-batch 32 --validation-share 0.1 --isa avx2 --threads 1"
        + " --session TRAINED.octet.json -o MODEL.int8.onnx")
    // Another run would lose it.
    #expect(state.update(.startTraining).isEmpty)
    #expect(state.message?.kind == .warning)
    let record = try #require(state.train.record)
    #expect(
      state.update(.keepTraining)
        == [.keepTraining(run: state.run, record, state.recipe, state.dataRequest)])
  }

  @Test func keptWeightsCanBeUndoneAndRedone() throws {
    var state = try Self.kept()
    #expect(state.trainings.count == 1 && state.train.record == nil)
    #expect(state.sessionContent.trainings == state.trainings)
    #expect(state.recipe.rules.contains { $0.note == Recipe.trainedNote })
    let undone = state.update(.undo)
    #expect(undone.first == .useWeights(digest: nil))
    #expect(state.trainings.isEmpty && state.recipe.rules.isEmpty)
    #expect(state.sessionContent.trainings.isEmpty)
    let redone = state.update(.redo)
    #expect(redone.first == .useWeights(digest: "beef"))
    #expect(state.trainings.count == 1)
  }

  @Test func weightsDoNotChangeUnderARunningJob() throws {
    var state = try Self.kept()
    _ = state.update(.analyseErrors)
    #expect(state.update(.undo).isEmpty)
    #expect(state.trainings.count == 1 && state.message?.kind == .warning)
  }

  @Test func anEditOfALayerTakesItsTrainedRangeAway() throws {
    var state = try Self.kept()
    _ = state.update(.selectTab(.layers))
    state.select("/head/fc")
    _ = state.update(.edit(.cycleObserver(by: 1)))
    #expect(!state.recipe.rules.contains { $0.note == Recipe.trainedNote })
    #expect(state.trainings.count == 1)
    // Edits after it are undone without a change of weights.
    #expect(state.update(.undo).allSatisfy { if case .useWeights = $0 { false } else { true } })
  }

  @Test func discardingAsksAndForgetsTheCheckpoint() {
    var state = Self.trained()
    #expect(state.update(.discardTraining).isEmpty)
    #expect(state.update(.answer(.discard)).isEmpty)
    let effects = state.update(.answer(.yes))
    #expect(effects.first == .dropTraining(checkpoint: "/state/a.npz"))
    #expect(state.train.record == nil && state.sessionContent.unfinishedTraining == nil)
  }

  @Test func cancellingDropsIt() {
    var state = Self.started()
    #expect(state.update(.cancelJob) == [.cancel])
    let effects = state.update(.event(.cancelled(run: state.run)))
    #expect(effects.first == .dropTraining(checkpoint: "/state/a.npz"))
    #expect(state.train.record == nil && state.job == nil)
  }

  @Test func aFailureThatLeavesNothingIsDropped() {
    var state = Self.started()
    let effects = state.update(
      .event(
        .trainingFailed(run: state.run, message: "The loss is not a number.", left: nil)))
    #expect(effects == [.autosave(sessionPath: state.sessionPath, state.sessionContent)])
    #expect(state.train.record == nil && state.job == nil)
    #expect(state.train.phase == .failed("The loss is not a number."))
    #expect(state.message?.kind == .error)
  }

  @Test func aFailureKeepsWhatCanGoOn() throws {
    var state = Self.started()
    let record = try #require(state.train.record)
    _ = state.update(
      .event(.trainingFailed(run: state.run, message: "The disk is full.", left: record)))
    #expect(state.sessionContent.unfinishedTraining == record)
    #expect(
      state.update(.startTraining) == [.train(run: state.run, record, accepted: [])])
  }

  @Test func aResultThatWasPutOffGoesOnToItsEnd() throws {
    var record = try #require(Self.trained().train.record)
    var state = WorkbenchState()
    var opened = OpenedProject(
      project: SampleProject.project, recipe: Recipe(target: .x86), data: SampleProject.data)
    opened.unfinishedTraining = record
    _ = state.update(.event(.opened(opened)))
    _ = state.update(.answer(.cancel))
    #expect(state.update(.keepTraining).isEmpty)
    #expect(state.message?.text.contains("r goes on") == true)
    _ = state.update(.startTraining)
    record.result = nil
    #expect(state.train.record == record && state.train.phase == .running)
  }

  @Test func weightsStayWhileAResultWaits() throws {
    var state = try Self.kept()
    _ = state.update(.startTraining)
    var record = try #require(state.train.record)
    record.result = Self.result()
    _ = state.update(.event(.trained(run: state.run, record)))
    // Trained weights count as a training of their own that began with those in force.
    #expect(state.log.entries.last?.text.hasPrefix("octet replay ") == true)
    #expect(state.update(.undo).isEmpty)
    #expect(state.trainings.count == 1 && state.message?.kind == .warning)
  }

  @Test func editsWaitWhileWeightsAreKept() {
    var state = Self.trained()
    _ = state.update(.keepTraining)
    let before = state.recipe
    #expect(state.update(.setTarget(.qnnpack)).isEmpty)
    #expect(state.recipe == before && state.message?.kind == .warning)
  }

  @Test func anotherFileIsFedByItsOwnNames() throws {
    var state = Self.ready()
    state.calibrate.mapping = ["input": "pixels"]
    state.calibrate.labels = "digits"
    state.calibrate.seed = 4
    _ = state.update(.setTraining(.data, "/data/train.npz"))
    _ = state.update(.startTraining)
    let data = try #require(state.train.record?.data)
    #expect(data.mapping == nil && data.labels == nil && data.seed == nil)
  }

  @Test func findingsAreAcceptedByTheAnswerOnly() {
    var state = Self.ready()
    _ = state.update(.startTraining)
    let finding = DataSummary.Finding(
      severity: .warning, what: "8-bit pixels", place: "x", advice: "add scale=1/255")
    _ = state.update(.event(.trainingQuestioned(run: state.run, finding)))
    _ = state.update(.back)
    #expect(state.train.accepted.isEmpty)
  }

  // An unfinished one.

  private static func reopened() -> WorkbenchState {
    var record = started().train.record
    record?.checkpoint = "/state/a.npz"
    var state = WorkbenchState()
    var opened = OpenedProject(
      project: SampleProject.project, recipe: Recipe(target: .x86), data: SampleProject.data)
    opened.unfinishedTraining = record
    _ = state.update(.event(.opened(opened)))
    return state
  }

  @Test func anUnfinishedTrainingIsOffered() throws {
    var state = Self.reopened()
    guard case .confirmation(let question) = state.overlay else {
      Issue.record("no question")
      return
    }
    #expect(question.kind == .resumeTraining)
    let effects = state.update(.answer(.yes))
    let record = try #require(state.train.record)
    #expect(effects == [.train(run: state.run, record, accepted: [])])
    #expect(record.checkpoint == "/state/a.npz" && state.tab == .train)
  }

  @Test func itMayBePutOffOrDropped() {
    var later = Self.reopened()
    #expect(later.update(.answer(.cancel)).isEmpty)
    #expect(later.sessionContent.unfinishedTraining != nil)
    guard case .train = later.update(.startTraining).first else {
      Issue.record("r goes on")
      return
    }
    var dropped = Self.reopened()
    #expect(dropped.update(.answer(.discard)).first == .dropTraining(checkpoint: "/state/a.npz"))
    #expect(dropped.sessionContent.unfinishedTraining == nil)
  }

  @Test func oneThatCannotGoOnIsNotLost() {
    var state = Self.reopened()
    _ = state.update(.answer(.yes))
    let left = state.train.record
    _ = state.update(
      .event(.trainingFailed(run: state.run, message: "The data are not there.", left: left)))
    #expect(state.train.record?.checkpoint == "/state/a.npz")
    #expect(state.sessionContent.unfinishedTraining != nil)
  }

  @Test func quittingLeavesItToGoOn() {
    var state = Self.started()
    _ = state.update(.quit)
    let effects = state.update(.answer(.yes))
    // Paused, not cancelled, and the session is offered to be saved.
    #expect(effects == [.pause])
    guard case .save(_, let content, let thenQuit, _) = state.update(.answer(.save)).first else {
      Issue.record("not saved")
      return
    }
    #expect(content.unfinishedTraining != nil && thenQuit)
  }
}
