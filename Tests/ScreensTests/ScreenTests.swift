import Cells
import Screens
import Testing
import Workbench

@Suite struct ScreenTests {
  static let sizes = [(80, 24), (160, 50)]

  @Test(arguments: Tab.allCases, sizes.indices)
  func everyTabLooksAsRecorded(tab: Tab, size: Int) throws {
    let (width, height) = Self.sizes[size]
    var state = SampleState.measured(width: width, height: height)
    _ = state.update(.selectTab(tab))
    try expectSnapshot(Screen.render(state), named: tab.title.lowercased())
  }

  @Test(arguments: sizes.indices)
  func everyTabInvitesBeforeCalibration(size: Int) throws {
    let (width, height) = Self.sizes[size]
    for tab in [Tab.calibrate, .errors, .benchmark, .train] {
      var state = SampleState.opened(width: width, height: height)
      _ = state.update(.selectTab(tab))
      try expectSnapshot(Screen.render(state), named: "empty-\(tab.title.lowercased())")
    }
  }

  @Test(
    arguments: sizes.indices, [TrainFeature.Phase.running, .paused, .done])
  func aTrainingIsDrawnAsItGoes(size: Int, phase: TrainFeature.Phase) throws {
    let (width, height) = Self.sizes[size]
    let state = SampleState.training(width: width, height: height, phase: phase)
    try expectSnapshot(Screen.render(state), named: "train-\(phase)")
  }

  @Test func trainingAsksBeforeItGoesOnOrTakesOddData() throws {
    var state = SampleState.training(width: 80, height: 24, phase: .running)
    let record = try #require(state.train.record)
    var opened = OpenedProject(
      project: try #require(state.project), recipe: state.recipe, data: state.calibrate.data)
    opened.unfinishedTraining = record
    _ = state.update(.event(.opened(opened)))
    try expectSnapshot(Screen.render(state), named: "train-resume")
    _ = state.update(.answer(.yes))
    _ = state.update(
      .event(
        .trainingQuestioned(
          run: state.run,
          DataSummary.Finding(
            severity: .warning,
            what: "Whole values from 0 to 255: these look like 8-bit pixels, and most models take"
              + " 0 to 1 or normalized values.",
            place: "input", advice: "add --preprocess scale=1/255"))))
    try expectSnapshot(Screen.render(state), named: "train-question")
  }

  @Test func theDetailFillsANarrowTerminal() throws {
    var state = SampleState.calibrated(width: 80, height: 24)
    _ = state.update(.toggleArrangement)
    _ = state.update(.enter)
    for page in LayersFeature.DetailPage.allCases {
      state.layers.page = page
      if page == .graph, let selected = state.selectedLayer {
        state.layers.outline = LayerOutline(
          layer: selected.id,
          operators: [
            "DequantizeLinear (constant)", "DequantizeLinear (constant)", "Conv", "QuantizeLinear",
            "DequantizeLinear",
          ])
      }
      try expectSnapshot(Screen.render(state), named: "detail-\(page.title.lowercased())")
    }
  }

  @Test(arguments: sizes.indices)
  func aModuleShowsWhatLiesInIt(size: Int) throws {
    let (width, height) = Self.sizes[size]
    var state = SampleState.calibrated(width: width, height: height)
    let rows = state.layers.rows(of: state.project?.layers ?? [])
    let row = rows.firstIndex {
      if case .scope(let path, _, _, _, _) = $0 { path == "block/0" } else { false }
    }
    _ = state.update(.selectRow(try #require(row)))
    _ = state.update(.edit(.toggleSymmetry))
    try expectSnapshot(Screen.render(state), named: "module")
  }

  @Test(arguments: sizes.indices)
  func recurrentWeightsAreToldGateByGate(size: Int) throws {
    let (width, height) = Self.sizes[size]
    var state = SampleState.calibrated(width: width, height: height)
    _ = state.update(.toggleArrangement)
    _ = state.update(.enter)
    state.layers.page = .weights
    state.layers.detail?.gates = SampleState.gates
    try expectSnapshot(Screen.render(state), named: "detail-gates")
  }

  @Test func overlaysStandInFront() throws {
    var state = SampleState.calibrated(width: 80, height: 24)
    _ = state.update(.openHelp)
    try expectSnapshot(Screen.render(state), named: "help")
    state.overlay = nil
    _ = state.update(.openPalette)
    try expectSnapshot(Screen.render(state), named: "palette")
    state.overlay = nil
    state.isUnsaved = true
    _ = state.update(.quit)
    try expectSnapshot(Screen.render(state), named: "quit")
    state.overlay = nil
    _ = state.update(.clipByHand)
    try expectSnapshot(Screen.render(state), named: "clip")
  }

  @Test func theChooserOffersSessions() throws {
    var state = WorkbenchState()
    state.recent = [
      RecentSession(path: "/a/b.octet.json", title: "b.octet.json", detail: "/a"),
      RecentSession(path: "/s/mnist.octet.json", title: "mnist.octet.json", detail: "sample"),
    ]
    try expectSnapshot(Screen.render(state), named: "chooser")
  }

  @Test func layersThatTheFileQuantizedShowItsScaleAndZeroPoint() throws {
    var state = SampleState.opened(width: 160, height: 50)
    let place = try #require(state.project?.layers.firstIndex { $0.id == "/stem/conv" })
    let stored = StoredSummary(
      format: "QDQ", isBoundary: false, shortForm: "uint8·int8/c", scale: 0.0625, zeroPoint: 114,
      type: "uint8", weights: "int8, 32 scales, one for each channel", weightScale: 0.001...0.02,
      runsOnCodes: true)
    state.project?.layers[place].stored = stored
    state.project?.layers[place].role = .float(reason: "already quantized, QDQ")
    _ = state.update(.toggleArrangement)
    _ = state.update(.selectRow(place))
    let text = Screen.render(state).text
    #expect(text.contains("uint8·int8/c"))
    #expect(text.contains("S 0.06250  Z 114  uint8  already quantized, QDQ"))
    #expect(text.contains("int8, 32 scales, one for each channel"))
    state.layers.page = .mapping
    state.layers.detail = LayerDetail(layer: "/stem/conv")
    #expect(
      Screen.render(state).text.contains("real = 0.06250 · (code − 114), uint8, as the file has it")
    )
    // A recipe does not reach it.
    _ = state.update(.edit(.cycleObserver(by: 1)))
    #expect(Screen.render(state).text.contains("stays as it is: already quantized, QDQ"))
  }

  @Test func aLongComplaintIsShownWhole() {
    var state = SampleState.opened(width: 80, height: 24)
    let words = (1...40).map { "word\($0)" }
    _ = state.update(.event(.sessionFailed(message: words.joined(separator: " "))))
    let text = Screen.render(state).text
    #expect(words.allSatisfy(text.contains))
  }

  @Test func asciiTerminalsGetAscii() throws {
    let state = SampleState.measured(width: 80, height: 24)
    let text = Screen.render(state, glyphs: .ascii).text
    let odd = Set(
      text.unicodeScalars.filter { $0.value > 126 && !"×–".unicodeScalars.contains($0) })
    #expect(odd.isEmpty, "\(odd)")
  }

  @Test(arguments: [(0, 0), (1, 1), (59, 15), (60, 14), (60, 15), (200, 60), (300, 100)])
  func everyScreenSurvivesEverySize(width: Int, height: Int) {
    for phase in [TrainFeature.Phase.running, .done] {
      let buffer = Screen.render(
        SampleState.training(width: width, height: height, phase: phase))
      #expect(buffer.width == width && buffer.height == height)
    }
    var state = SampleState.measured(width: width, height: height)
    for tab in Tab.allCases {
      _ = state.update(.selectTab(tab))
      for overlay in [nil, Overlay.help(scroll: 3), .palette(EditedLine(), ListCursor())] {
        state.overlay = overlay
        let buffer = Screen.render(state)
        #expect(buffer.width == width && buffer.height == height)
      }
    }
  }
}
