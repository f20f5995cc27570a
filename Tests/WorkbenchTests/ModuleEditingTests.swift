import Quantization
import Testing
import Workbench

/// Edits with the cursor on a module's row of the tree.
@Suite struct ModuleEditingTests {
  private func opened(at scope: String) throws -> WorkbenchState {
    var state = SampleProject.opened()
    _ = state.update(.toggleArrangement)
    let rows = state.layers.rows(of: SampleProject.layers)
    let index = rows.firstIndex {
      if case .scope(let path, _, _, _, _) = $0 { path == scope } else { false }
    }
    _ = state.update(.selectRow(try #require(index)))
    return state
  }

  @Test func anEditReachesTheWholeSubtreeAsOneRule() throws {
    var state = try opened(at: "block")
    _ = state.update(.edit(.togglePrecision))
    #expect(state.recipe.rules.map(\.text) == ["module=/block:precision=float32"])
    #expect(try state.qconfig(of: "/block/1/expand").precision == .float32)
    #expect(try state.qconfig(of: "/stem/conv").precision == .staticInt8)
    #expect(state.message?.text.hasPrefix("Module /block: fp32.") == true)
    SampleProject.evaluate(&state)
    _ = state.update(.edit(.togglePrecision))
    #expect(try state.qconfig(of: "/block/1/expand").precision == .staticInt8)
    _ = state.update(.edit(.reset))
    #expect(state.recipe.rules.isEmpty)
  }

  @Test func anInnerModuleWinsOverAnOuterOne() throws {
    var state = try opened(at: "block/0")
    _ = state.update(.edit(.toggleGranularity))
    SampleProject.evaluate(&state)
    state.select("/block/0/expand")
    #expect(try state.qconfig(of: "/block/0/expand").weight.granularity == .perTensor)
    #expect(try state.qconfig(of: "/block/1/expand").weight.granularity == .perChannel)
  }

  @Test func layersWithRulesOfTheirOwnAreNamed() throws {
    var state = try opened(at: "block")
    _ = state.update(.setRule(try Rule(parsing: "layer=/block/0/add:precision=int8")))
    SampleProject.evaluate(&state)
    _ = state.update(.edit(.togglePrecision))
    #expect(
      state.message?.text
        == "Module /block: fp32, but /block/0/add has a rule of its own. u takes it back.")
  }

  @Test func spaceMarksTheSubtreeAndTakesTheMarksBack() throws {
    var state = try opened(at: "block")
    let row = state.layers.cursor.selected
    _ = state.update(.toggleMark)
    #expect(state.layers.marks == ["/block/0/expand", "/block/0/add", "/block/1/expand"])
    _ = state.update(.selectRow(row))
    _ = state.update(.toggleMark)
    #expect(state.layers.marks.isEmpty)
  }

  @Test func onlyOneModuleIsQuantizedInOneStep() throws {
    var state = try opened(at: "block/0")
    _ = state.update(.setRule(try Rule(parsing: "layer=/head/fc:precision=int8")))
    let before = state.recipe
    _ = state.update(.quantizeOnly(module: nil))
    for layer in SampleProject.layers {
      let expected: LayerPrecision = layer.id.hasPrefix("/block/0/") ? .staticInt8 : .float32
      #expect(try state.qconfig(of: layer.id).precision == expected, "\(layer.id)")
    }
    _ = state.update(.undo)
    #expect(state.recipe == before)
  }

  @Test func onlyReachesLayersMarksAndModulesByName() throws {
    var state = SampleProject.opened()
    state.select("/head/fc")
    _ = state.update(.quantizeOnly(module: nil))
    #expect(
      state.recipe.rules.map(\.text) == ["all:precision=float32", "layer=/head/fc:precision=int8"])
    SampleProject.evaluate(&state)
    _ = state.update(.quantizeOnly(module: "block/1"))
    #expect(
      state.recipe.rules.map(\.text) == ["all:precision=float32", "module=/block/1:precision=int8"])
    _ = state.update(.quantizeOnly(module: "/blok/1"))
    #expect(state.message?.text == "There is no module '/blok/1'. Did you mean '/block/1'?")
    state.select("softmax")
    _ = state.update(.quantizeOnly(module: nil))
    #expect(state.message?.text == "Nothing in softmax can be quantized.")
  }

  @Test func aModuleHasNoOperatorType() throws {
    var state = try opened(at: "block")
    _ = state.update(.cycleScope)
    #expect(state.update(.edit(.togglePrecision)).isEmpty)
    #expect(state.message?.text.contains("several operator types") == true)
    _ = state.update(.cycleScope)
    _ = state.update(.edit(.togglePrecision))
    #expect(state.recipe.rules.map(\.scope) == [.global])
  }

  @Test func modulesAreCompleted() throws {
    let state = SampleProject.opened()
    #expect(
      WorkbenchCommand.completions(of: "only /block/", in: state) == [
        "only /block/0", "only /block/1",
      ])
    #expect(WorkbenchCommand.completions(of: "set module=/h", in: state) == ["set module=/head:"])
  }
}
