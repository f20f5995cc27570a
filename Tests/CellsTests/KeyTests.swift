import Testing

@testable import Cells

@Suite struct KeyTests {
  @Test(arguments: [
    (Key.character("a"), "a"), (.character(" "), "Space"), (.control("r"), "Ctrl-R"),
    (.control(" "), "Ctrl-Space"), (.control("\\"), "Ctrl-\\"), (.alt("x"), "Alt-x"),
    (.function(12), "F12"), (.backTab, "Shift-Tab"), (.pageDown, "PgDn"), (.escape, "Esc"),
    (.character("F"), "F"),
  ])
  func namesAreReadBack(key: Key, name: String) {
    #expect(key.name == name)
    #expect(Key(name: name) == key)
  }

  @Test(arguments: ["", "Ctrl-", "Ctrl-ab", "F0", "F99", "Hyper-x", "Paste"])
  func otherNamesAreNone(name: String) {
    #expect(Key(name: name) == nil)
  }

  @Test func namesMayBeSpelledInAnyCase() {
    #expect(Key(name: "ctrl-R") == .control("r"))
    #expect(Key(name: "pgup") == .pageUp)
  }
}
