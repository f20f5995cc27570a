import Quantization
import Testing
import Workbench

/// Splitting and joining layers, and boundaries by hand.
@Suite struct FusionEditingTests {
  /// The sample with `/stem/conv` made of two operators.
  private func opened() -> WorkbenchState {
    var state = SampleProject.calibrated()
    state.project?.layers[0].partCount = 2
    state.select("/stem/conv")
    return state
  }

  /// The same after the split, as the engine reports it.
  private var splitProject: ProjectSummary {
    var project = SampleProject.project
    project.layers[0].splitFrom = "/stem/conv"
    var relu = project.layers[0]
    relu.id = "/stem/relu"
    relu.path = ["stem", "relu"]
    relu.operatorType = "Relu"
    project.layers.insert(relu, at: 1)
    return project
  }

  @Test func aSplitIsARuleAndAsksForOtherLayers() throws {
    var state = opened()
    let effects = state.update(.edit(.toggleFusion))
    #expect(state.recipe.rules.map(\.text) == ["layer=/stem/conv:fuse=false"])
    #expect(effects.first == .regroup(generation: state.generation, state.recipe))
    _ = state.update(
      .event(
        .regrouped(
          generation: state.generation, splitProject, unobserved: ["/stem/conv_output"])))
    #expect(state.project?.layers.count == SampleProject.layers.count + 1)
    #expect(state.selectedLayer?.id == "/stem/conv")
    #expect(
      state.message?.text
        == "'/stem/conv_output' was never observed: calibrate again, 2 and then r.")
  }

  @Test func anyPartJoinsTheWholeAndTheCursorGoesThere() throws {
    var state = opened()
    _ = state.update(.edit(.toggleFusion))
    _ = state.update(
      .event(.regrouped(generation: state.generation, splitProject, unobserved: [])))
    _ = state.update(.move(.down))
    #expect(state.selectedLayer?.id == "/stem/relu")
    _ = state.update(.edit(.toggleFusion))
    #expect(state.recipe.rules.map(\.text) == ["layer=/stem/conv:fuse=true"])
    _ = state.update(
      .event(
        .regrouped(generation: state.generation, SampleProject.project, unobserved: [])))
    #expect(state.selectedLayer?.id == "/stem/conv")
  }

  @Test func undoAsksForTheOldLayersAndOtherEditsDoNot() throws {
    var state = opened()
    _ = state.update(.edit(.toggleFusion))
    let effects = state.update(.undo)
    #expect(effects.first == .regroup(generation: state.generation, Recipe(target: .x86)))
    SampleProject.evaluate(&state)
    let others = state.update(.edit(.toggleSymmetry))
    #expect(
      !others.contains {
        if case .regroup = $0 { true } else { false }
      })
  }

  @Test func aLateRegroupingIsDropped() throws {
    var state = opened()
    _ = state.update(.edit(.toggleFusion))
    let late = state.generation
    _ = state.update(.undo)
    _ = state.update(.event(.regrouped(generation: late, splitProject, unobserved: [])))
    #expect(state.project?.layers.count == SampleProject.layers.count)
  }

  @Test func anEditMeanwhileDoesNotLoseTheRegrouping() throws {
    var state = opened()
    _ = state.update(.edit(.toggleFusion))
    let asked = state.generation
    SampleProject.evaluate(&state)
    _ = state.update(.edit(.toggleSymmetry))
    #expect(state.generation > asked)
    _ = state.update(.event(.regrouped(generation: asked, splitProject, unobserved: [])))
    #expect(state.project?.layers.count == SampleProject.layers.count + 1)
  }

  @Test func oneOperatorHasNothingToSplit() {
    var state = opened()
    state.select("/head/fc")
    #expect(state.update(.edit(.toggleFusion)).isEmpty)
    #expect(state.message?.text.hasPrefix("Nothing is fused here") == true)
  }

  @Test func aBoundaryIsARuleForTheOutputAndIsTakenBack() throws {
    var state = opened()
    _ = state.update(.toggleReal)
    #expect(state.recipe.rules.map(\.text) == ["tensor=/stem/conv_out:precision=float32"])
    #expect(state.message?.text == "Behind /stem/conv: readers take reals. u takes it back.")
    _ = state.update(.toggleReal)
    #expect(state.recipe == Recipe(target: .x86))
  }

  @Test func theGraphPageAsksForAConversion() throws {
    var state = opened()
    state.layers.page = .mapping
    let effects = state.update(.cycleDetailPage(by: 1))
    let outline = Effect.outline(
      generation: state.generation, layer: "/stem/conv", state.recipe)
    #expect(effects.contains(outline))
    #expect(!state.update(.cycleDetailPage(by: 1)).contains(outline))
    let found = LayerOutline(layer: "/stem/conv", operators: ["Conv"])
    _ = state.update(.event(.outlined(generation: state.generation, found)))
    #expect(state.layers.outline == found)
    _ = state.update(.edit(.toggleSymmetry))
    #expect(state.layers.outline == nil)
  }
}
