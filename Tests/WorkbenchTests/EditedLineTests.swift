import Testing
import Workbench

@Suite struct EditedLineTests {
  private func line(_ text: String, _ edits: [EditedLine.Edit]) -> EditedLine {
    var line = EditedLine(text, history: ["first", "second"])
    for edit in edits { line.apply(edit) }
    return line
  }

  @Test(arguments: [
    ("abc", [EditedLine.Edit.deleteBackward], "ab", 2),
    ("abc", [.home, .deleteBackward], "abc", 0),
    ("abc", [.home, .deleteForward], "bc", 0), ("abc", [.deleteForward], "abc", 3),
    ("open /a/b", [.deleteWord], "open ", 5), ("open  ", [.deleteWord], "", 0),
    ("ac", [.left, .insert("b")], "abc", 2), ("abc", [.clear], "", 0),
    ("abc", [.left, .left, .left, .left, .insert("x")], "xabc", 1),
    ("", [.right, .insert("größe ✓")], "größe ✓", 7),
    ("a", [.insert("b\nc\u{1B}[31m")], "abc[31m", 7), ("x", [.older], "second", 6),
    ("x", [.older, .older, .older], "first", 5), ("x", [.older, .newer], "x", 1),
    ("x", [.newer], "x", 1),
  ]) func edits(text: String, edits: [EditedLine.Edit], result: String, cursor: Int) {
    let line = line(text, edits)
    #expect(line.text == result)
    #expect(line.cursor == cursor)
  }

  @Test func anAccentIsOneCharacter() {
    var line = EditedLine("e\u{301}x")
    line.apply(.left)
    line.apply(.deleteBackward)
    #expect(line.text == "x")
  }
}
