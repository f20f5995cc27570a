import Quantization
import Sessions
import Testing
import Workbench

@Suite struct ConversationTests {
  private func question(_ state: WorkbenchState) -> Workbench.Confirmation.Kind? {
    if case .confirmation(let confirmation) = state.overlay { confirmation.kind } else { nil }
  }

  private func prompt(_ state: WorkbenchState) -> Prompt? {
    if case .prompt(let prompt) = state.overlay { prompt } else { nil }
  }

  private func edited(session: String? = SampleProject.sessionPath) -> WorkbenchState {
    var state = SampleProject.calibrated(session: session)
    state.select("/head/fc")
    _ = state.update(.edit(.togglePrecision))
    return state
  }

  // Leaving.

  @Test func quittingAsksNothingWhenNothingIsLost() {
    var state = SampleProject.calibrated()
    #expect(state.update(.quit) == [.quit])
  }

  @Test func quittingWithUnsavedWorkAsks() {
    var state = edited()
    #expect(state.update(.quit).isEmpty)
    #expect(question(state) == .quitUnsaved)
    #expect(state.update(.quit).isEmpty)
    #expect(state.update(.answer(.cancel)).isEmpty)
    #expect(state.overlay == nil)
    #expect(state.isUnsaved)
  }

  @Test func savingOnTheWayOutQuitsOnlyOnceTheFileIsThere() {
    var state = edited()
    _ = state.update(.quit)
    let effects = state.update(.answer(.save))
    #expect(
      effects == [
        .save(
          path: SampleProject.sessionPath, state.sessionContent, thenQuit: true, replacing: true)
      ])
    var failed = state
    #expect(failed.update(.event(.sessionFailed(message: "disk full"))).isEmpty)
    #expect(failed.isUnsaved)
    #expect(
      state.update(.event(.saved(path: SampleProject.sessionPath, thenQuit: true))) == [.quit])
  }

  @Test func discardingDropsTheAutosave() {
    var state = edited()
    _ = state.update(.quit)
    #expect(
      state.update(.answer(.discard)) == [.discardAutosave(path: SampleProject.sessionPath), .quit])
  }

  @Test func discardingWorkThatHasNoSessionFileDropsItsAutosaveToo() {
    var state = edited(session: nil)
    _ = state.update(.quit)
    let effects = state.update(.answer(.discard))
    #expect(effects.last == .quit)
    #expect(
      effects.contains { if case .discardAutosave = $0 { true } else { false } },
      "the next start would offer work that was thrown away")
  }

  @Test func savingUnnamedWorkOnTheWayOutAsksForAPathAndThenQuits() {
    var state = edited(session: nil)
    _ = state.update(.quit)
    #expect(state.update(.answer(.save)).isEmpty)
    #expect(prompt(state)?.kind == .save)
    let effects = state.update(.submitText)
    guard case .save(_, _, let thenQuit, _) = effects.first else {
      Issue.record("nothing is saved: \(effects)")
      return
    }
    #expect(thenQuit, "the answer was: save and quit")
  }

  @Test func quittingWithAJobAsksAndThenCancelsIt() {
    var state = SampleProject.calibrated()
    _ = state.update(.analyseErrors)
    #expect(state.update(.quit).isEmpty)
    #expect(question(state) == .quitWithJob)
    #expect(state.update(.answer(.cancel)).isEmpty)
    #expect(state.job != nil)
    _ = state.update(.quit)
    #expect(state.update(.answer(.yes)) == [.cancel, .quit])
  }

  @Test func quittingWithAJobAndUnsavedWorkAsksBoth() {
    var state = edited()
    _ = state.update(.analyseErrors)
    _ = state.update(.quit)
    #expect(state.update(.answer(.yes)) == [.cancel])
    #expect(question(state) == .quitUnsaved)
  }

  @Test func answersThatWereNotOfferedDoNothing() {
    var state = edited()
    _ = state.update(.quit)
    #expect(state.update(.answer(.yes)).isEmpty)
    #expect(question(state) == .quitUnsaved)
  }

  @Test func openingAnotherModelAsksBeforeDroppingChanges() {
    var state = edited()
    #expect(state.update(.openModel("/other.onnx")).isEmpty)
    #expect(question(state) == .openUnsaved(path: "/other.onnx"))
    let effects = state.update(.answer(.discard))
    #expect(effects.contains(.open(path: "/other.onnx")))
    #expect(state.job?.kind == .opening)
  }

  @Test func recoveryIsOffered() {
    var state = SampleProject.opened()
    _ = state.update(.event(.recoverable(path: "/work/sample.octet.json", description: "old")))
    #expect(question(state) == .recover(path: "/work/sample.octet.json"))
    var refused = state
    #expect(state.update(.answer(.yes)) == [.recover(path: "/work/sample.octet.json")])
    #expect(
      refused.update(.answer(.discard)) == [.discardAutosave(path: "/work/sample.octet.json")])
  }

  @Test func recoveredWorkCountsAsUnsaved() {
    var state = SampleProject.opened()
    var opened = OpenedProject(project: SampleProject.project, recipe: Recipe(target: .ort))
    opened.sessionPath = SampleProject.sessionPath
    opened.isRecovered = true
    _ = state.update(.event(.opened(opened)))
    #expect(state.isUnsaved)
    #expect(state.recipe.target == .ort)
  }

  // Prompts.

  @Test(arguments: ["6", "6 0", "0 0", "1 6", "-6 -1", "a b", "0 inf", "nan 1", "0 1 2"])
  func aClippingRangeThatCannotWorkIsRefused(text: String) {
    var state = SampleProject.calibrated()
    state.select("/head/fc")
    _ = state.update(.clipByHand)
    #expect(prompt(state)?.input.text == "-1.0 6.0")
    _ = state.update(.text(.clear))
    state.type(text)
    #expect(state.update(.submitText).isEmpty)
    #expect(prompt(state)?.error != nil)
    #expect(state.recipe.rules.isEmpty)
    _ = state.update(.text(.clear))
    #expect(prompt(state)?.error == nil)
  }

  @Test(arguments: ["0 6", "-1,5", "-0.5 … 2e3"])
  func aClippingRangeByHandBecomesARule(text: String) throws {
    var state = SampleProject.calibrated()
    state.select("/head/fc")
    _ = state.update(.clipByHand)
    _ = state.update(.text(.clear))
    state.type(text)
    #expect(!state.update(.submitText).isEmpty)
    guard case .manual(let lower, let upper) = try state.qconfig(of: "/head/fc").activation.observer
    else {
      Issue.record("the range was not set")
      return
    }
    #expect(lower < upper)
    #expect(state.overlay == nil)
  }

  @Test func anEmptyAnswerIsRefused() {
    var state = SampleProject.calibrated()
    _ = state.update(.export(path: nil))
    #expect(prompt(state)?.input.text == "/models/sample.int8.onnx")
    _ = state.update(.text(.clear))
    #expect(state.update(.submitText).isEmpty)
    #expect(prompt(state)?.error != nil)
    state.type("/tmp/out.onnx")
    #expect(
      state.update(.submitText) == [
        .export(
          run: state.run, state.recipe, path: "/tmp/out.onnx", state.dataRequest, replacing: false)
      ])
  }

  @Test func aFileIsReplacedOnlyWhenThatWasAgreedTo() {
    var state = SampleProject.calibrated()
    _ = state.update(.export(path: "/tmp/out.onnx"))
    #expect(state.update(.event(.exportExists(run: state.run, path: "/tmp/out.onnx"))).isEmpty)
    #expect(state.job == nil)
    #expect(question(state) == .replaceExport(path: "/tmp/out.onnx"))
    var declined = state
    #expect(declined.update(.answer(.cancel)).isEmpty)
    #expect(declined.job == nil)
    #expect(
      state.update(.answer(.yes)) == [
        .export(
          run: state.run, state.recipe, path: "/tmp/out.onnx", state.dataRequest, replacing: true)
      ])
  }

  @Test func anotherSessionIsReplacedOnlyWhenThatWasAgreedTo() {
    var state = edited()
    let saving = state.update(.save(path: "/tmp/other.octet.json"))
    #expect(
      saving == [
        .save(
          path: "/tmp/other.octet.json", state.sessionContent, thenQuit: false, replacing: false)
      ])
    _ = state.update(.event(.sessionExists(path: "/tmp/other.octet.json", thenQuit: false)))
    #expect(state.isUnsaved)
    #expect(
      state.update(.answer(.yes)) == [
        .save(
          path: "/tmp/other.octet.json", state.sessionContent, thenQuit: false, replacing: true)
      ])
  }

  @Test func whatChangesDuringAWriteStaysUnsaved() {
    var state = edited()
    _ = state.update(.save(path: nil))
    _ = state.update(.edit(.toggleGranularity))
    _ = state.update(.event(.saved(path: SampleProject.sessionPath, thenQuit: false)))
    #expect(state.isUnsaved)
    _ = state.update(.save(path: nil))
    _ = state.update(.event(.saved(path: SampleProject.sessionPath, thenQuit: false)))
    #expect(!state.isUnsaved)
  }

  @Test func escapeLeavesEveryOverlayWithoutEffects() {
    for action in [
      Action.openHelp, .openPalette, .startCommand, .startFilter, .clipByHand, .export(path: nil),
    ] {
      var state = SampleProject.calibrated()
      _ = state.update(action)
      #expect(state.overlay != nil)
      #expect(state.update(.back).isEmpty)
      #expect(state.overlay == nil)
    }
  }

  // What a session file gets.

  @Test func theSessionHoldsRecipeDataAndResults() {
    var state = SampleProject.measured()
    _ = state.update(.setPreprocessing("scale=1/255"))
    _ = state.update(.event(.dataChosen(SampleProject.data)))
    _ = state.update(.setBatchSize(4))
    _ = state.update(.event(.dataChosen(SampleProject.data)))
    let content = state.sessionContent
    #expect(content.recipe == state.recipe)
    #expect(
      content.data
        == DataRequest(
          path: "/data/calib.npz", preprocessing: "scale=1/255", batchSize: 4, limit: nil))
    #expect(content.errors == SampleProject.errors)
    #expect(content.log == state.log.entries)
  }

  @Test func randomDataAreRememberedAsRandom() {
    var state = SampleProject.opened()
    _ = state.update(.chooseData("random"))
    var data = SampleProject.data
    data.isRandom = true
    data.path = ""
    _ = state.update(.event(.dataChosen(data)))
    #expect(state.sessionContent.data?.path == "")
  }

  @Test func everyChangeAsksForAnAutosave() {
    var state = SampleProject.calibrated()
    state.select("/head/fc")
    let effects = state.update(.edit(.togglePrecision))
    #expect(
      effects.contains(
        .autosave(sessionPath: SampleProject.sessionPath, state.sessionContent)))
  }

  /// Any action in any phase is fine, and none of them changes anything behind a question.
  @Test func noActionTrapsInAnyPhase() {
    let actions: [Action] = [
      .enter, .back, .submitText, .completeText, .toggleMark, .toggleAllMarks, .cycleScope,
      .cycleSide, .cycleSort, .reverseSort, .toggleArrangement, .cycleDetailPage(by: -1),
      .clipByHand, .undo, .redo, .askForData, .setThreads(0), .setBatchSize(-3), .setLimit(nil),
      .startCalibration, .togglePause, .stepBatch, .cancelJob, .toggleWatch, .analyseErrors,
      .applyAdvice, .keepFloat, .jumpToLayer, .jumpToWorstLayer, .convert, .runBenchmark,
      .export(path: nil), .save(path: nil), .copy, .quit, .selectRow(-1), .selectRow(99),
      .resized(width: 0, height: 0), .edit(.toggleType), .edit(.reset), .text(.deleteWord),
      .answer(.yes),
    ]
    for start in [WorkbenchState(), SampleProject.opened(), SampleProject.measured()] {
      for tab in Tab.allCases {
        for first in actions {
          var state = start
          _ = state.update(.selectTab(tab))
          _ = state.update(first)
          for second in actions { _ = state.update(second) }
          #expect(state.width == 0)
        }
      }
    }
  }
}
