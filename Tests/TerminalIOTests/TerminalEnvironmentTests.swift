import Cells
import Testing

@testable import TerminalIO

@Suite struct TerminalEnvironmentTests {
  private func depth(
    _ variables: [String: String], colors: Int = 256, color: TerminalOptions.Color = .automatic
  ) -> ColorDepth {
    TerminalEnvironment(variables: variables)
      .depth(colors: colors, options: TerminalOptions(color: color))
  }

  @Test func coloursFollowTheTerminal() {
    #expect(depth([:]) == .indexed256)
    #expect(depth(["COLORTERM": "truecolor"]) == .trueColor)
    #expect(depth(["COLORTERM": "24bit"]) == .trueColor)
    #expect(depth(["COLORTERM": "truecolor"], colors: 8) == .indexed8)
    #expect(depth([:], colors: 88) == .indexed16)
    #expect(depth([:], colors: 0) == .mono)
  }

  @Test func colourCanBeRefused() {
    #expect(depth(["NO_COLOR": "1"]) == .mono)
    #expect(depth(["NO_COLOR": ""]) == .indexed256)
    #expect(depth(["CLICOLOR": "0"]) == .mono)
    #expect(depth(["CLICOLOR": "1"]) == .indexed256)
    #expect(depth([:], color: .never) == .mono)
  }

  @Test(arguments: [nil, "", "dumb", "unknown"]) func someTerminalsShowNoScreens(term: String?) {
    let environment = TerminalEnvironment(variables: term.map { ["TERM": $0] } ?? [:])
    #expect(environment.term == nil)
  }

  @Test func unknownNamesFallBackOnCommonOnes() {
    let environment = TerminalEnvironment(variables: ["TERM": "xterm-ghostty"])
    #expect(environment.terminfoNames == ["xterm-ghostty", "xterm-256color", "xterm", "ansi"])
  }

  @Test(arguments: [
    (["LANG": "de_DE.UTF-8"], true), (["LANG": "C.utf8"], true), (["LANG": "C"], false),
    ([:], false),
    (["LC_ALL": "C", "LANG": "de_DE.UTF-8"], false),
    (["LC_ALL": "", "LC_CTYPE": "en_US.UTF-8", "LANG": "C"], true),
  ])
  func theLocaleInForceDecides(variables: [String: String], isUTF8: Bool) {
    #expect(TerminalEnvironment(variables: variables).namesUTF8 == isUTF8)
  }

  @Test func drawingFollowsLocaleAndConsole() {
    #expect(TerminalEnvironment(variables: ["TERM": "xterm"]).glyphs(isUTF8: true) == .unicode)
    #expect(TerminalEnvironment(variables: ["TERM": "xterm"]).glyphs(isUTF8: false) == .ascii)
    #expect(TerminalEnvironment(variables: ["TERM": "linux"]).glyphs(isUTF8: true) == .ascii)
  }

  @Test(arguments: [
    TerminalError.notATerminal(stream: "Standard input"), .unsupported(term: "dumb"),
    .unsupported(term: ""), .failed(term: "xterm"),
  ])
  func errorsSayWhatToDo(error: TerminalError) {
    #expect(error.description.contains("octet --help"))
    #expect(!error.description.contains("\n"))
  }

  @Test func theClipboardSequenceWorksInsideMultiplexers() {
    #expect(
      Clipboard.sequence(copying: "hello", term: "xterm", isInsideTmux: false)
        == "\u{1B}]52;c;aGVsbG8=\u{7}")
    #expect(
      Clipboard.sequence(copying: "hello", term: "screen", isInsideTmux: false)
        == "\u{1B}P\u{1B}]52;c;aGVsbG8=\u{7}\u{1B}\\")
    #expect(
      Clipboard.sequence(copying: "é", term: "screen-256color", isInsideTmux: true)
        == "\u{1B}]52;c;w6k=\u{7}")
  }
}
