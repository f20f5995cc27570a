import Quantization
import Sessions
import Testing
import Workbench

@Suite struct NavigationTests {
  private func shown(_ state: WorkbenchState) -> [String] {
    state.layers.rows(of: SampleProject.layers).map { row in
      switch row {
      case .scope(let path, _, _, let isFolded, let layers):
        "\(isFolded ? "+" : "-")\(path) \(layers)"
      case .layer(let index, _): SampleProject.layers[index].id
      }
    }
  }

  @Test func theFilterNarrowsWhileItIsTyped() {
    var state = SampleProject.opened()
    _ = state.update(.startFilter)
    state.type("expand")
    #expect(shown(state) == ["/block/0/expand", "/block/1/expand"])
    _ = state.update(.submitText)
    #expect(state.overlay == nil)
    #expect(state.selectedLayer?.id == "/block/0/expand")
    _ = state.update(.back)
    #expect(shown(state).count == SampleProject.layers.count)
  }

  @Test func aFilterThatBeginsWithAnExclamationMarkLeavesOut() {
    var state = SampleProject.opened()
    state.layers.filter = "!block"
    #expect(shown(state) == ["/stem/conv", "/head/pool", "/head/fc", "softmax"])
  }

  @Test func aFilterThatMatchesNothingSelectsNothing() {
    var state = SampleProject.opened()
    _ = state.update(.startFilter)
    state.type("nowhere")
    #expect(shown(state).isEmpty)
    #expect(state.selectedLayer == nil)
    #expect(state.update(.edit(.togglePrecision)).isEmpty)
    #expect(state.recipe.rules.isEmpty)
  }

  @Test func theTreeShowsEachScopeOnceAndFolds() {
    var state = SampleProject.opened()
    _ = state.update(.toggleArrangement)
    #expect(
      shown(state) == [
        "/stem/conv", "-block 3", "-block/0 2", "/block/0/expand", "/block/0/add",
        "/block/1/expand", "-head 2", "/head/pool", "/head/fc", "softmax",
      ])
    _ = state.update(.selectRow(1))
    _ = state.update(.enter)
    #expect(
      shown(state) == [
        "/stem/conv", "+block 3", "-head 2", "/head/pool", "/head/fc", "softmax",
      ])
    #expect(state.selectedLayer == nil)
    _ = state.update(.enter)
    #expect(shown(state).count == 10)
  }

  @Test func marksFollowTheCursorDown() {
    var state = SampleProject.opened()
    state.select("/stem/conv")
    _ = state.update(.toggleMark)
    _ = state.update(.toggleMark)
    #expect(state.layers.marks == ["/stem/conv", "/block/0/expand"])
    #expect(state.selectedLayer?.id == "/block/0/add")
    _ = state.update(.back)
    #expect(state.layers.marks.isEmpty)
  }

  @Test func markingAllMeansWhatTheFilterShows() {
    var state = SampleProject.opened()
    state.layers.filter = "head"
    _ = state.update(.toggleAllMarks)
    #expect(state.layers.marks == ["/head/pool", "/head/fc"])
    _ = state.update(.toggleAllMarks)
    #expect(state.layers.marks.isEmpty)
  }

  @Test func theWorstLayerIsFoundBehindFilterAndFolding() {
    var state = SampleProject.measured()
    _ = state.update(.selectTab(.layers))
    state.layers.filter = "stem"
    state.layers.folded = ["block"]
    _ = state.update(.jumpToWorstLayer)
    #expect(state.tab == .layers)
    #expect(state.selectedLayer?.id == "/block/1/expand")
    #expect(state.message?.text.contains("12.0 dB") == true)
  }

  @Test func aLayerKeptInFloatIsNoLongerTheWorst() {
    var state = SampleProject.measured()
    _ = state.update(.jumpToWorstLayer)
    _ = state.update(.edit(.togglePrecision))
    SampleProject.evaluate(&state)
    _ = state.update(.jumpToWorstLayer)
    #expect(state.selectedLayer?.id == "/head/fc")
  }

  @Test func withoutMeasurementsTheWorstLayerIsThePredictedOne() {
    var state = SampleProject.calibrated()
    _ = state.update(.jumpToWorstLayer)
    #expect(state.message?.text.contains("predicted") == true)
  }

  @Test func sortingKeepsLayersWithoutANumberLast() {
    var state = SampleProject.measured()
    state.errors.sort = .local
    #expect(
      state.errors.rows.map(\.id) == [
        "/block/1/expand", "/head/fc", "/block/0/expand", "/block/0/add", "/stem/conv",
        "/head/pool",
      ])
    _ = state.update(.selectTab(.errors))
    _ = state.update(.reverseSort)
    #expect(state.errors.rows.first?.id == "/head/pool")
    state.layers.sort = .weightError
    #expect(shown(state).suffix(3) == ["/block/0/add", "/head/pool", "softmax"])
  }

  @Test func enterInABenchmarkRowGoesToItsLayer() {
    var state = SampleProject.calibrated()
    _ = state.update(.runBenchmark)
    _ = state.update(.event(.benchmarked(run: state.run, SampleProject.benchmark)))
    #expect(state.tab == .benchmark)
    _ = state.update(.enter)
    #expect(state.tab == .layers)
    #expect(state.selectedLayer?.id == "/head/fc")
  }

  @Test func tabsGoRound() {
    var state = SampleProject.opened()
    _ = state.update(.cycleTab(by: -1))
    #expect(state.tab == .log)
    _ = state.update(.cycleTab(by: 1))
    #expect(state.tab == .layers)
  }

  @Test(arguments: [(1, 1), (60, 15), (80, 24), (300, 100)])
  func theCursorStaysInsideWhateverTheSize(width: Int, height: Int) {
    var state = SampleProject.opened()
    _ = state.update(.move(.bottom))
    _ = state.update(.resized(width: width, height: height))
    let cursor = state.layers.cursor
    #expect(cursor.selected == SampleProject.layers.count - 1)
    #expect((cursor.first..<cursor.first + state.visibleRows).contains(cursor.selected))
    _ = state.update(.move(.pageUp))
    _ = state.update(.move(.top))
    #expect(state.layers.cursor.selected == 0)
    #expect(state.layers.cursor.first == 0)
  }

  @Test func watchingATensorTogglesIt() {
    var state = SampleProject.calibrated()
    state.select("/head/fc")
    let before = state.calibrate.watched
    #expect(!before.contains("/head/fc_out") || before.count == 4)
    _ = state.update(.toggleWatch)
    #expect(state.calibrate.watched.contains("/head/fc_out") != before.contains("/head/fc_out"))
    _ = state.update(.toggleWatch)
    #expect(Set(state.calibrate.watched) == Set(before))
  }
}
