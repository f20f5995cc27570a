import Quantization
import Sessions
import Testing
import Workbench

@Suite struct RecipeEditingTests {
  @Test func anEditOfOneLayerLeavesTheOthersAlone() throws {
    var state = SampleProject.opened()
    state.select("/block/0/expand")
    let effects = state.update(.edit(.toggleGranularity))
    #expect(try state.qconfig(of: "/block/0/expand").weight.granularity == .perTensor)
    #expect(try state.qconfig(of: "/stem/conv").weight.granularity == .perChannel)
    #expect(effects.contains(.evaluate(generation: state.generation, state.recipe)))
    #expect(state.isUnsaved)
  }

  @Test func anEditReachesEveryLayerOfTheOperatorType() throws {
    var state = SampleProject.opened()
    state.select("/stem/conv")
    _ = state.update(.cycleScope)
    _ = state.update(.edit(.togglePrecision))
    for id in ["/stem/conv", "/block/0/expand", "/block/1/expand"] {
      #expect(try state.qconfig(of: id).precision == .float32)
    }
    #expect(try state.qconfig(of: "/head/fc").precision == .staticInt8)
  }

  @Test func anEditOfAllReachesEveryLayer() throws {
    var state = SampleProject.opened()
    _ = state.update(.cycleScope)
    _ = state.update(.cycleScope)
    _ = state.update(.edit(.toggleReducedRange))
    for layer in SampleProject.layers {
      #expect(try !state.qconfig(of: layer.id).activation.reduceRange)
    }
  }

  @Test func anEditReachesTheMarkedLayersAndNotTheSelectedOne() throws {
    var state = SampleProject.opened()
    for id in ["/stem/conv", "/head/fc"] {
      state.select(id)
      _ = state.update(.toggleMark)
    }
    state.select("/block/0/add")
    _ = state.update(.edit(.cycleObserver(by: 1)))
    let histogram = try SampleProject.opened().qconfig(of: "/stem/conv").activation.observer
    #expect(try state.qconfig(of: "/stem/conv").activation.observer != histogram)
    #expect(try state.qconfig(of: "/head/fc").activation.observer != histogram)
    #expect(try state.qconfig(of: "/block/0/add").activation.observer == histogram)
  }

  @Test func theSideSaysWhichTensorAnEditChanges() throws {
    var state = SampleProject.opened()
    state.select("/head/fc")
    let before = try state.qconfig(of: "/head/fc")
    _ = state.update(.edit(.toggleSymmetry))
    #expect(try state.qconfig(of: "/head/fc").activation.symmetry != before.activation.symmetry)
    #expect(try state.qconfig(of: "/head/fc").weight == before.weight)
    SampleProject.evaluate(&state)
    _ = state.update(.cycleSide)
    _ = state.update(.edit(.toggleSymmetry))
    #expect(try state.qconfig(of: "/head/fc").weight.symmetry != before.weight.symmetry)
  }

  /// Every edit that toggles comes back to where it began.
  @Test(arguments: [
    RecipeEdit.toggleGranularity, .toggleSymmetry, .togglePrecision, .toggleReducedRange,
    .toggleType,
  ]) func togglingTwiceChangesNothing(edit: RecipeEdit) throws {
    var state = SampleProject.opened()
    state.select("/head/fc")
    let before = try state.qconfig(of: "/head/fc")
    _ = state.update(.edit(edit))
    #expect(try state.qconfig(of: "/head/fc") != before)
    SampleProject.evaluate(&state)
    _ = state.update(.edit(edit))
    #expect(try state.qconfig(of: "/head/fc") == before)
  }

  @Test func observersGoRoundInBothDirections() throws {
    var state = SampleProject.opened()
    state.select("/head/fc")
    var seen: [ObserverKind] = []
    for _ in ObserverKind.comparable {
      _ = state.update(.edit(.cycleObserver(by: 1)))
      SampleProject.evaluate(&state)
      seen.append(try state.qconfig(of: "/head/fc").activation.observer)
    }
    #expect(Set(seen) == Set(ObserverKind.comparable))
    _ = state.update(.edit(.cycleObserver(by: -1)))
    #expect(try state.qconfig(of: "/head/fc").activation.observer == seen[seen.count - 2])
  }

  @Test func resetTakesOnlyTheRulesOfTheScopeAway() throws {
    var state = SampleProject.opened()
    for id in ["/stem/conv", "/head/fc"] {
      state.select(id)
      _ = state.update(.edit(.togglePrecision))
    }
    _ = state.update(.edit(.reset))
    #expect(state.recipe.rules.map(\.scope) == [.layer("/stem/conv")])
  }

  @Test func aFloatLayerSaysWhyItCannotBeEdited() {
    var state = SampleProject.opened()
    state.select("softmax")
    let effects = state.update(.edit(.toggleSymmetry))
    #expect(effects.isEmpty)
    #expect(state.recipe.rules.isEmpty)
    #expect(state.message?.text.contains("no int8 kernel for Softmax") == true)
  }

  @Test func undoAndRedoWalkThroughEveryChange() {
    var state = SampleProject.opened()
    state.select("/head/fc")
    var recipes = [state.recipe]
    for edit in [RecipeEdit.toggleGranularity, .toggleSymmetry, .togglePrecision] {
      _ = state.update(.edit(edit))
      SampleProject.evaluate(&state)
      recipes.append(state.recipe)
    }
    for recipe in recipes.dropLast().reversed() {
      let effects = state.update(.undo)
      #expect(state.recipe == recipe)
      #expect(effects.contains(.evaluate(generation: state.generation, recipe)))
    }
    #expect(state.update(.undo).isEmpty)
    #expect(state.message?.text == "Nothing to undo.")
    for recipe in recipes.dropFirst() {
      _ = state.update(.redo)
      #expect(state.recipe == recipe)
    }
    #expect(state.update(.redo).isEmpty)
  }

  @Test func anEditAfterUndoForgetsWhatWasUndone() {
    var state = SampleProject.opened()
    state.select("/head/fc")
    _ = state.update(.edit(.togglePrecision))
    _ = state.update(.undo)
    SampleProject.evaluate(&state)
    _ = state.update(.edit(.toggleSymmetry))
    let recipe = state.recipe
    _ = state.update(.redo)
    #expect(state.recipe == recipe)
    #expect(state.history.future.isEmpty)
  }

  @Test func aTargetKeepsTheRulesOverIt() throws {
    var state = SampleProject.opened()
    state.select("/head/fc")
    _ = state.update(.edit(.togglePrecision))
    _ = state.update(.setTarget(.qnnpack))
    #expect(state.recipe.target == .qnnpack)
    #expect(try state.qconfig(of: "/head/fc").precision == .float32)
    #expect(try state.qconfig(of: "/stem/conv").weight.granularity == .perTensor)
  }

  @Test func aChangeThatChangesNothingIsNoStepOfHistory() {
    var state = SampleProject.opened()
    let effects = state.update(.setTarget(.x86))
    #expect(effects.isEmpty)
    #expect(state.history.past.isEmpty)
    #expect(!state.isUnsaved)
  }

  @Test func adviceBecomesItsRule() {
    var state = SampleProject.measured()
    _ = state.update(.selectTab(.errors))
    _ = state.update(.cycleSide)
    #expect(state.errors.focus == .advice)
    _ = state.update(.enter)
    #expect(state.recipe.rules == [SampleProject.errors.advice[0].rule])
    #expect(state.errors.isStale)
  }

  @Test func keepingFloatInTheErrorsTabMeansTheLayerUnderTheCursor() throws {
    var state = SampleProject.measured()
    _ = state.update(.selectTab(.errors))
    #expect(state.errors.selected?.id == "/block/1/expand")
    _ = state.update(.keepFloat)
    #expect(try state.qconfig(of: "/block/1/expand").precision == .float32)
    #expect(try state.qconfig(of: "/head/fc").precision == .staticInt8)
  }

  @Test func aChangedRecipeMakesResultsStaleAndDropsTheConversion() {
    var state = SampleProject.measured()
    _ = state.update(.convert)
    let summary = ConversionSummary(
      int8Layers: 5, floatLayers: 2, floatByteCount: 4, int8ByteCount: 1, notes: [])
    _ = state.update(.event(.converted(run: state.run, summary)))
    #expect(state.conversion == summary)
    _ = state.update(.selectTab(.layers))
    _ = state.update(.edit(.togglePrecision))
    #expect(state.conversion == nil)
    #expect(state.errors.isStale)
  }

  @Test func aLayerThatIsQuantizedInOneWayOnlySaysSo() {
    var state = SampleProject.calibrated()
    #expect(state.update(.edit(.cyclePrecision)).isEmpty)
    #expect(state.recipe.rules.isEmpty)
    #expect(state.message?.text.contains("in one way only") == true)
  }

  @Test func theNextWayToQuantizeIsOneThatTheLayerHas() throws {
    var state = SampleProject.calibrated()
    let index = try #require(state.project?.layers.firstIndex { $0.id == state.selectedLayer?.id })
    state.project?.layers[index].precisions = [.staticInt8, .dynamicInt8, .weightOnly, .float32]
    _ = state.update(.edit(.cyclePrecision))
    #expect(state.recipe.rules.first?.change.precision == .dynamicInt8)
    #expect(state.message?.text.contains("dynamic") == true)
  }
}
