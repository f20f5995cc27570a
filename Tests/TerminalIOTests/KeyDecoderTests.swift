import Cells
import Testing

@testable import TerminalIO

@Suite struct KeyDecoderTests {
  /// Keys of a text that arrives at once.
  private func keys(_ text: String) -> [Key] {
    keys(text.unicodeScalars.map { .character($0.value) })
  }

  private func keys(_ inputs: [KeyDecoder.Input]) -> [Key] {
    var decoder = KeyDecoder()
    let found = inputs.flatMap { decoder.decode($0) }
    return found + decoder.finish()
  }

  @Test(arguments: [
    ("a", [Key.character("a")]), ("é卷", [.character("é"), .character("卷")]),
    ("\r", [.enter]), ("\n", [.enter]), ("\t", [.tab]), ("\u{7F}\u{8}", [.backspace, .backspace]),
    ("\u{1}\u{12}\u{1A}", [.control("a"), .control("r"), .control("z")]),
    ("\0\u{1C}\u{1F}", [.control(" "), .control("\\"), .control("_")]),
    ("\u{85}", []),
  ])
  func characters(text: String, expected: [Key]) {
    #expect(keys(text) == expected)
  }

  @Test(arguments: [
    ("\u{1B}", [Key.escape]), ("\u{1B}\u{1B}", [.escape, .escape]),
    ("\u{1B}x", [.alt("x")]), ("\u{1B}\r", [.escape, .enter]), ("\u{1B}[", [.alt("[")]),
    ("\u{1B}O", [.alt("O")]),
  ])
  func escapeIsAKeyUnlessSomethingFollowsAtOnce(text: String, expected: [Key]) {
    #expect(keys(text) == expected)
  }

  @Test(arguments: [
    "\u{1B}[1;5Pq", "\u{1B}[57441uq", "\u{1B}[?62;4cq", "\u{1B}[Iq", "\u{1B}Ojq", "\u{1B}[200q",
  ])
  func sequencesOfUnknownKeysAreNotTakenForTyping(text: String) {
    #expect(keys(text).allSatisfy { $0 == .character("q") })
    #expect(!keys(text).contains(.escape))
  }

  @Test func namedKeysPassThrough() {
    let mouse = Mouse(.scrollDown, x: 3, y: 4)
    #expect(
      keys([.key(.up), .unnamed, .key(.function(5)), .key(.mouse(mouse))])
        == [.up, .function(5), .mouse(mouse)])
  }

  @Test func aNamedKeyEndsAnEscape() {
    #expect(keys([.character(27), .key(.up)]) == [.escape, .up])
  }

  @Test func aPasteIsOneKey() {
    let text = "quit\r\u{1B}:w\u{3}é\t"
    let inputs: [KeyDecoder.Input] =
      [.pasteBegin] + text.unicodeScalars.map { .character($0.value) }
      + [.key(.backspace), .pasteFinish, .character(0x71)]
    #expect(keys(inputs) == [.paste("quit\n:wé\t"), .character("q")])
  }

  @Test func aPasteMayArriveInParts() {
    var decoder = KeyDecoder()
    #expect(decoder.decode(.pasteBegin) == [])
    #expect(decoder.decode(.character(0x61)) == [])
    #expect(decoder.finish() == [])
    #expect(decoder.decode(.character(0x62)) == [])
    #expect(decoder.decode(.pasteFinish) == [.paste("ab")])
  }
}
