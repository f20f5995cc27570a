import Quantization
import Sessions
import Testing
import Workbench

@Suite struct JobTests {
  @Test func calibrationRunsPausesStepsAndEnds() {
    var state = SampleProject.opened()
    _ = state.update(.event(.dataChosen(SampleProject.data)))
    let started = state.update(.startCalibration)
    #expect(
      started == [
        .calibrate(
          run: state.run, state.dataRequest, state.recipe, watched: state.calibrate.watched)
      ])
    #expect(state.calibrate.phase == .running)
    #expect(!state.calibrate.watched.isEmpty)
    #expect(state.update(.togglePause) == [.pause])
    #expect(state.calibrate.phase == .paused)
    #expect(state.job?.isPaused == true)
    #expect(state.update(.stepBatch) == [.step])
    #expect(state.update(.togglePause) == [.resume])
    _ = state.update(
      .event(
        .calibrationProgressed(
          run: state.run, CalibrationProgressSummary(batchesDone: 3, batchCount: 8))))
    #expect(state.job?.progress.done == 3)
    let finished = state.update(.event(.calibrated(run: state.run, SampleProject.calibration)))
    #expect(state.job == nil)
    #expect(state.calibrate.phase == .done)
    #expect(state.isUnsaved)
    #expect(finished.contains(.evaluate(generation: state.generation, state.recipe)))
  }

  @Test func aSingleStepStartsPaused() {
    var state = SampleProject.opened()
    _ = state.update(.event(.dataChosen(SampleProject.data)))
    let effects = state.update(.stepBatch)
    #expect(effects.suffix(2) == [.pause, .step])
    #expect(state.calibrate.phase == .paused)
  }

  @Test func calibrationWithoutDataAsksForThem() {
    var state = SampleProject.opened()
    #expect(state.update(.startCalibration).isEmpty)
    guard case .prompt(let prompt) = state.overlay else {
      Issue.record("no prompt: \(String(describing: state.overlay))")
      return
    }
    #expect(prompt.kind == .data)
    state.type("/data/calib.npz")
    let effects = state.update(.submitText)
    #expect(
      effects == [
        .chooseData(
          DataRequest(path: "/data/calib.npz", preprocessing: "", batchSize: 1, limit: nil))
      ])
  }

  @Test func dataWithAnErrorAreNotCalibratedOn() {
    var state = SampleProject.opened()
    var data = SampleProject.data
    data.findings = [
      DataSummary.Finding(
        severity: .error, what: "3 values are NaN", place: "x", advice: "Clean the data.")
    ]
    _ = state.update(.event(.dataChosen(data)))
    #expect(state.update(.startCalibration).isEmpty)
    #expect(state.message?.kind == .error)
    #expect(state.message?.text.contains("3 values are NaN") == true)
  }

  @Test func preprocessingTypedBeforeDataDoesNotChooseRandomData() {
    var state = SampleProject.opened()
    let effects = state.update(.setPreprocessing("scale=1/255"))
    #expect(state.calibrate.preprocessing == "scale=1/255")
    #expect(effects.isEmpty)
  }

  @Test func dataThatCouldNotBeReadAreTriedAgainWithPreprocessing() {
    var state = SampleProject.opened()
    _ = state.update(.chooseData("/data/images.npz"))
    _ = state.update(.event(.sessionFailed(message: "x_u8_nhwc has the wrong shape")))
    let effects = state.update(.setPreprocessing("layout=nhwc->nchw"))
    #expect(
      effects == [
        .chooseData(
          DataRequest(
            path: "/data/images.npz", preprocessing: "layout=nhwc->nchw", batchSize: 1, limit: nil))
      ])
  }

  @Test(arguments: [Action.analyseErrors, .runSensitivity, .convert, .runBenchmark])
  func jobsThatNeedStatisticsSaySo(action: Action) {
    var state = SampleProject.opened()
    #expect(state.update(action).isEmpty)
    #expect(state.message?.text.contains("Calibrate first") == true)
    #expect(state.job == nil)
  }

  @Test(arguments: [
    Action.analyseErrors, .runSensitivity, .convert, .runBenchmark, .startCalibration,
    .export(path: "/tmp/a.onnx"),
  ]) func aSecondJobWaits(action: Action) {
    var state = SampleProject.calibrated()
    _ = state.update(.analyseErrors)
    let job = state.job
    #expect(state.update(action).isEmpty)
    #expect(state.job == job)
    #expect(state.message?.kind == .warning)
  }

  @Test func lateReportsOfAnEarlierRunAreDropped() {
    var state = SampleProject.calibrated()
    _ = state.update(.analyseErrors)
    let old = state.run
    _ = state.update(.cancelJob)
    _ = state.update(.event(.cancelled(run: old)))
    _ = state.update(.runBenchmark)
    let before = state
    let late: [Event] = [
      .jobProgressed(run: old, JobProgress(done: 9, total: 9)),
      .errorsAnalysed(run: old, SampleProject.errors), .failed(run: old, message: "too late"),
      .cancelled(run: old), .calibrated(run: old, SampleProject.calibration),
    ]
    for event in late {
      #expect(state.update(.event(event)).isEmpty)
      #expect(state == before)
    }
    _ = state.update(.event(.benchmarked(run: state.run, SampleProject.benchmark)))
    #expect(state.benchmark.report == SampleProject.benchmark)
  }

  @Test func lateEvaluationsOfAnEarlierRecipeAreDropped() {
    var state = SampleProject.calibrated()
    let old = state.generation
    state.select("/head/fc")
    _ = state.update(.edit(.togglePrecision))
    let before = state
    _ = state.update(.event(.evaluated(generation: old, evaluations: [])))
    _ = state.update(.event(.detailed(generation: old, detail: LayerDetail(layer: "/head/fc"))))
    #expect(state == before)
  }

  @Test func theDetailOfALayerNoLongerSelectedIsDropped() {
    var state = SampleProject.calibrated()
    state.select("/head/fc")
    _ = state.update(
      .event(.detailed(generation: state.generation, detail: LayerDetail(layer: "/stem/conv"))))
    #expect(state.layers.detail?.layer != "/stem/conv")
  }

  @Test func cancellingKeepsAnEarlierCalibration() {
    var state = SampleProject.calibrated()
    _ = state.update(.startCalibration)
    #expect(state.update(.cancelJob) == [.cancel])
    #expect(state.job?.isCancelling == true)
    _ = state.update(.event(.cancelled(run: state.run)))
    #expect(state.calibrate.phase == .done)
    #expect(state.calibrate.summary == SampleProject.calibration)
    #expect(state.job == nil)
  }

  @Test func aFailedJobSaysWhyAndFreesTheWorkbench() {
    var state = SampleProject.calibrated()
    _ = state.update(.export(path: "/full/a.onnx"))
    _ = state.update(.event(.failed(run: state.run, message: "No space left on device")))
    #expect(state.job == nil)
    #expect(state.message?.kind == .error)
    #expect(state.message?.text == "No space left on device")
    #expect(state.log.entries.last?.text == "No space left on device")
    #expect(!state.update(.export(path: "/other/a.onnx")).isEmpty)
  }

  @Test func aModelThatCannotBeOpenedLeavesTheChooserWorking() {
    var state = WorkbenchState()
    #expect(state.update(.openModel("/no/model.onnx")) == [.open(path: "/no/model.onnx")])
    _ = state.update(.event(.openFailed(path: "/no/model.onnx", message: "There is no file.")))
    #expect(state.job == nil)
    #expect(state.project == nil)
    #expect(state.message?.kind == .error)
    #expect(state.update(.openModel("/a.onnx")) == [.open(path: "/a.onnx")])
  }

  @Test func everyFinishedJobLogsItsHeadlessCommand() {
    var state = SampleProject.measured()
    _ = state.update(.runBenchmark)
    _ = state.update(.event(.benchmarked(run: state.run, SampleProject.benchmark)))
    let commands = state.log.entries.filter { $0.kind == .command }.map(\.text)
    #expect(
      commands == [
        "octet calibrate /models/sample.onnx --data /data/calib.npz --target x86"
          + " -o /work/sample.octet.json",
        "octet compare /models/sample.onnx /work/sample.octet.json --data /data/calib.npz",
        "octet benchmark /models/sample.onnx /work/sample.octet.json --threads 1",
      ])
  }

  @Test func theLogKeepsOnlyTheLatestLines() {
    var log = LogFeature()
    for index in 0..<LogFeature.capacity + 10 { log.append(.done, "\(index)") }
    #expect(log.entries.count == LogFeature.capacity)
    #expect(log.entries.first?.text == "10")
  }
}
