import Quantization
import Sessions
import Testing
import Workbench

@Suite struct JourneyTests {
  /// From a fresh model to a saved session, as actions; the engine's answers are given by hand.
  @Test func fromAModelToASavedSession() throws {
    var state = WorkbenchState()
    _ = state.update(.resized(width: 120, height: 40))
    _ = state.update(
      .event(.recentListed([RecentSession(path: "/s/sample.octet.json", title: "s", detail: "")])))
    #expect(state.update(.enter) == [.open(path: "/s/sample.octet.json")])

    state = SampleProject.opened()
    state.select("/stem/conv")
    _ = state.update(.edit(.toggleGranularity))
    #expect(try state.qconfig(of: "/stem/conv").weight.granularity == .perTensor)
    _ = state.update(.undo)
    #expect(state.recipe == Recipe(target: .x86))

    _ = state.update(.event(.dataChosen(SampleProject.data)))
    _ = state.update(.startCalibration)
    _ = state.update(.togglePause)
    _ = state.update(.togglePause)
    _ = state.update(.event(.calibrated(run: state.run, SampleProject.calibration)))
    SampleProject.evaluate(&state)

    _ = state.update(.analyseErrors)
    _ = state.update(.event(.errorsAnalysed(run: state.run, SampleProject.errors)))
    #expect(state.tab == .errors)
    _ = state.update(.jumpToWorstLayer)
    #expect(state.selectedLayer?.id == "/block/1/expand")
    _ = state.update(.edit(.togglePrecision))
    SampleProject.evaluate(&state)
    #expect(try state.qconfig(of: "/block/1/expand").precision == .float32)

    _ = state.update(.convert)
    let conversion = ConversionSummary(
      int8Layers: 4, floatLayers: 3, floatByteCount: 400, int8ByteCount: 120, notes: [])
    _ = state.update(.event(.converted(run: state.run, conversion)))
    _ = state.update(.runBenchmark)
    _ = state.update(.event(.benchmarked(run: state.run, SampleProject.benchmark)))
    _ = state.update(.export(path: "/tmp/sample.int8.onnx"))
    let exported = ExportSummary(
      path: "/tmp/sample.int8.onnx", byteCount: 120, verification: "reloaded, outputs equal")
    _ = state.update(.event(.exported(run: state.run, exported)))
    #expect(state.message?.text == "Exported /tmp/sample.int8.onnx: reloaded, outputs equal.")

    let saving = state.update(.save(path: nil))
    #expect(
      saving == [
        .save(
          path: SampleProject.sessionPath, state.sessionContent, thenQuit: false, replacing: true)
      ])
    _ = state.update(.event(.saved(path: SampleProject.sessionPath, thenQuit: false)))
    #expect(!state.isUnsaved)

    let saved = state.sessionContent
    #expect(state.update(.quit) == [.quit])

    var reopened = OpenedProject(project: SampleProject.project, recipe: saved.recipe)
    reopened.sessionPath = SampleProject.sessionPath
    reopened.data = SampleProject.data
    reopened.calibration = SampleProject.calibration
    reopened.errors = saved.errors
    reopened.benchmark = saved.benchmark
    reopened.log = saved.log
    var next = WorkbenchState()
    _ = next.update(.event(.opened(reopened)))
    #expect(next.sessionContent == saved)
    #expect(next.calibrate.phase == .done)
    #expect(try next.qconfig(of: "/block/1/expand").precision == .float32)
    #expect(!next.isUnsaved)
  }
}
