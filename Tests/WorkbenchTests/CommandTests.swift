import Quantization
import Testing
import Workbench

@Suite struct CommandTests {
  private func parse(_ line: String) throws -> Action {
    try WorkbenchCommand.parse(line, in: SampleProject.opened())
  }

  private func complaint(_ line: String) -> String? {
    do {
      _ = try parse(line)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [
    ("open /a b.onnx", Action.openModel("/a b.onnx")), ("q", .quit), ("w", .save(path: nil)),
    ("w /x.octet.json", .save(path: "/x.octet.json")), ("batch 8", .setBatchSize(8)),
    ("limit all", .setLimit(nil)), ("limit 10", .setLimit(10)), ("target ort", .setTarget(.ort)),
    ("state state=stateN h=hn", .setStates(["state=stateN", "h=hn"])),
    ("state none", .setStates([])),
    ("preprocess none", .setPreprocessing("")), ("und", .undo), ("threads 2", .setThreads(2)),
    ("export", .export(path: nil)), ("export /x.onnx", .export(path: "/x.onnx")),
    ("theme mono", .setTheme("mono")), ("data random", .chooseData("random")),
  ]) func understands(line: String, action: Action) throws {
    #expect(try parse(line) == action)
  }

  @Test func aRuleIsParsed() throws {
    let action = try parse("set op=Conv:weight.granularity=perTensor")
    guard case .setRule(let rule) = action else {
      Issue.record("\(action)")
      return
    }
    #expect(rule.scope == .operatorType("Conv"))
    #expect(rule.change.weight.granularity == .perTensor)
  }

  @Test(arguments: [
    ("exprot", "export"), ("calibarte", "calibrate"), ("benchmrak", "benchmark"),
    ("tagret x86", "target"), ("sve", "save"), ("wrost", "worst"),
  ]) func aMistypedCommandNamesTheNearestOne(line: String, nearest: String) {
    #expect(complaint(line)?.contains("'\(nearest)'") == true, "\(complaint(line) ?? "understood")")
  }

  @Test(arguments: [
    ("batch 0", "whole number above 0"), ("batch", "batch N"), ("limit -1", "whole number"),
    ("target arm", "qnnpack"), ("open", "PATH"), ("set nonsense", "SELECTOR"),
    ("set all:weight.granularty=perTensor", "weight.granularity"), ("zzz", "No command 'zzz'"),
  ]) func aWrongLineSaysWhatIsExpected(line: String, expected: String) {
    #expect(complaint(line)?.contains(expected) == true, "\(complaint(line) ?? "understood")")
  }

  @Test func anAmbiguousBeginningIsNotGuessed() {
    #expect(complaint("c") != nil)
    #expect(complaint("s") != nil)
  }

  @Test func completionExtendsToTheCommonBeginning() {
    var state = SampleProject.opened()
    _ = state.update(.startCommand)
    state.type("be")
    _ = state.update(.completeText)
    guard case .command(let line, _) = state.overlay else {
      Issue.record("no command line")
      return
    }
    #expect(line.text == "benchmark ")
    _ = state.update(.text(.clear))
    state.type("s")
    _ = state.update(.completeText)
    guard case .command(_, let completions) = state.overlay else { return }
    #expect(completions == ["state", "step", "set", "sensitivity", "stop", "save"])
  }

  @Test func valuesAreCompleted() {
    let state = SampleProject.opened()
    #expect(
      WorkbenchCommand.completions(of: "target qnnpack_", in: state)
        == ["target qnnpack_symmetric"])
    #expect(
      WorkbenchCommand.completions(of: "set layer=/head/f", in: state)
        == ["set layer=/head/fc:"])
    #expect(WorkbenchCommand.completions(of: "zzz", in: state).isEmpty)
  }

  @Test func everyCommandOfThePaletteParses() throws {
    let samples = [
      "PATH": "/a", "KEY=VALUE,…": "scale=1/255", "N": "4", "NAME": "ort",
      "RULE": "all:precision=float32", "MODULE": "/block", "INPUT=OUTPUT …": "state=stateN",
      "OPTION VALUE": "epochs 5",
    ]
    for command in WorkbenchCommand.all {
      let argument = command.needsArgument ? try #require(samples[command.argument]) : ""
      _ = try parse("\(command.name) \(argument)")
    }
  }

  @Test func thePaletteFindsByNameAndMeaning() {
    #expect(WorkbenchCommand.matching("int8 graph").map(\.name) == ["convert"])
    #expect(WorkbenchCommand.matching("zzz").isEmpty)
    #expect(WorkbenchCommand.matching("").count == WorkbenchCommand.all.count)
  }

  @Test func thePaletteRunsWhatIsSelectedOrAsksForItsArgument() {
    var state = SampleProject.calibrated()
    _ = state.update(.openPalette)
    state.type("int8 graph")
    #expect(state.update(.submitText) == [.convert(run: state.run, state.recipe)])
    _ = state.update(.openPalette)
    state.type("colours")
    _ = state.update(.submitText)
    guard case .command(let line, _) = state.overlay else {
      Issue.record("no command line")
      return
    }
    #expect(line.text == "theme ")
  }

  @Test func theCommandLineRemembers() {
    var state = SampleProject.opened()
    for line in ["batch 8", "nonsense"] {
      _ = state.update(.startCommand)
      state.type(line)
      _ = state.update(.submitText)
    }
    #expect(state.message?.kind == .error)
    _ = state.update(.startCommand)
    _ = state.update(.text(.older))
    _ = state.update(.text(.older))
    guard case .command(let line, _) = state.overlay else {
      Issue.record("no command line")
      return
    }
    #expect(line.text == "batch 8")
  }

  @Test func anUnknownThemeIsReported() {
    var state = SampleProject.opened()
    _ = state.update(.startCommand)
    state.type("theme nowhere")
    #expect(state.update(.submitText) == [.setTheme("nowhere")])
    _ = state.update(.event(.sessionFailed(message: "There is no theme 'nowhere'.")))
    #expect(state.message?.kind == .error)
  }

  @Test func argumentsAreQuotedForAShell() {
    #expect(shellQuoted("/a/b-c.onnx") == "/a/b-c.onnx")
    #expect(shellQuoted("/a b.onnx") == "'/a b.onnx'")
    #expect(shellQuoted("it's") == "'it'\\''s'")
    #expect(shellQuoted("") == "''")
    #expect(shellQuoted("layout=nhwc->nchw") == "'layout=nhwc->nchw'")
  }
}
