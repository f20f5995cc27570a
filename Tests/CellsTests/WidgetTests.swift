import Testing

@testable import Cells

@Suite struct WidgetTests {
  @Test(arguments: [
    (0.0, "░░░░░   0%"), (0.5, "██░░░  50%"), (1.0, "█████ 100%"), (1.7, "█████ 100%"),
    (-1, "░░░░░   0%"), (.nan, "░░░░░   0%"),
  ])
  func aProgressBarFills(fraction: Double, expected: String) {
    let bar = ProgressBar(fraction: fraction)
    #expect(CellBuffer.rendering(bar, width: 10, height: 1).text == expected)
  }

  @Test func aProgressBarTakesALabel() {
    let bar = ProgressBar(fraction: 0.5, label: "3 of 6")
    #expect(CellBuffer.rendering(bar, width: 13, height: 1, glyphs: .ascii).text == "###... 3 of 6")
  }

  @Test func aPaneShowsItsTitleAndBadge() {
    let pane = Pane(title: "Layers", badge: "3 of 9", isFocused: true)
    let buffer = CellBuffer.rendering(pane, width: 24, height: 3)
    #expect(
      buffer.text == """
        ┌─ Layers ──── 3 of 9 ─┐
        │                      │
        └──────────────────────┘
        """)
    #expect(buffer[0, 0].style == .focus)
    #expect(pane.inner(of: buffer.bounds) == Rect(x: 1, y: 1, width: 22, height: 1))
  }

  @Test func aNarrowPaneGivesUpItsBadgeFirst() {
    let pane = Pane(title: "Activations", badge: "3 of 9")
    #expect(
      CellBuffer.rendering(pane, width: 13, height: 2).text == """
        ┌─ Activa… ─┐
        └───────────┘
        """)
  }

  @Test func aPopupCoversWhatIsUnderIt() {
    let popup = Popup(
      title: "Quit?", size: Size(width: 20, height: 6),
      footer: [.init(key: "y", label: "yes"), .init(key: "Esc", label: "no")],
      content: Paragraph("A job is still running."))
    var buffer = CellBuffer(width: 22, height: 8)
    buffer.fill(buffer.bounds, with: "x", style: .bad)
    buffer.cursor = Point(x: 1, y: 1)
    popup.render(in: buffer.bounds, to: &buffer)
    #expect(
      buffer.text == """
        xxxxxxxxxxxxxxxxxxxxxx
        x┌─ Quit? ──────────┐x
        x│ A job is still   │x
        x│ running.         │x
        x│                  │x
        x│ y yes  Esc no    │x
        x└──────────────────┘x
        xxxxxxxxxxxxxxxxxxxxxx
        """)
    #expect(buffer.cursor == nil)
    #expect(buffer[4, 2].style.attributes == .raised)
    #expect(buffer[0, 0].style.attributes == [])
  }

  @Test func textWrapsBetweenWords() {
    let lines = Paragraph.wrap(
      StyledText("one two three ") + StyledText("extraordinary", .bad), width: 8)
    #expect(lines.map(\.plainText) == ["one two", "three", "extraord", "inary"])
    #expect(lines[2].spans.map(\.style) == [.bad])
    #expect(Paragraph.wrap("卷积层卷积层", width: 5).map(\.plainText) == ["卷积", "层卷", "积层"])
    #expect(Paragraph.wrap("", width: 5).count == 1)
  }

  @Test func aParagraphKeepsItsLineBreaksAndScrolls() {
    let paragraph = Paragraph("first line\n\nlast", offset: 1)
    #expect(CellBuffer.rendering(paragraph, width: 6, height: 3).text == "line\n\nlast")
    #expect(paragraph.height(width: 6) == 4)
  }

  @Test func hintsThatDoNotFitAreDroppedButNotThePinnedOnes() {
    let hints = KeyHints([
      .init(key: "Enter", label: "open"), .init(key: "Space", label: "mark"),
      .init(key: "?", label: "help", isPinned: true),
    ])
    #expect(
      CellBuffer.rendering(hints, width: 40, height: 1).text == "Enter open  Space mark  ? help")
    #expect(CellBuffer.rendering(hints, width: 20, height: 1).text == "Enter open  ? help")
    #expect(CellBuffer.rendering(hints, width: 8, height: 1).text == "? help")
    let area = Rect(width: 20, height: 1)
    #expect(hints.hint(atX: 0, in: area) == 0)
    #expect(hints.hint(atX: 11, in: area) == nil)
    #expect(hints.hint(atX: 12, in: area) == 2)
  }

  @Test func tabsShrinkToNumbers() {
    let bar = TabBar(tabs: ["Layers", "Calibrate", "Errors"], selected: 1)
    let wide = CellBuffer.rendering(bar, width: 36, height: 1)
    #expect(wide.text == " 1 Layers  2 Calibrate  3 Errors")
    #expect(wide.styleText.hasPrefix("nnnnnnnnnnooooooooooooo"))
    #expect(CellBuffer.rendering(bar, width: 24, height: 1).text == " 1  2 Calibrate  3")
    #expect(bar.tab(atX: 12, in: wide.bounds) == 1)
    #expect(bar.tab(atX: 35, in: wide.bounds) == nil)
  }

  @Test(arguments: [
    (0, "abcdefgh", 0), (4, "abcdefgh", 4), (8, "…cdefgh", 7), (99, "…cdefgh", 7),
  ])
  func aTextFieldKeepsItsCursorInSight(cursor: Int, text: String, column: Int) {
    let buffer = CellBuffer.rendering(
      TextField(text: "abcdefgh", cursor: cursor), width: 8, height: 1)
    #expect(buffer.text == text)
    #expect(buffer.cursor == Point(x: column, y: 0))
  }

  @Test func aTextFieldHasAPromptAndAPlaceholder() {
    let field = TextField(text: "", cursor: 0, prompt: "/", placeholder: "filter")
    let buffer = CellBuffer.rendering(field, width: 10, height: 1)
    #expect(buffer.text == "/filter")
    #expect(buffer.cursor == Point(x: 1, y: 0))
    let unfocused = TextField(text: "a", cursor: 0, isFocused: false)
    #expect(CellBuffer.rendering(unfocused, width: 4, height: 1).cursor == nil)
  }

  @Test func aScrollIndicatorReachesItsEndsOnlyThere() {
    func thumb(_ offset: Int) -> Int? {
      let buffer = CellBuffer.rendering(
        ScrollIndicator(count: 1000, visible: 10, offset: offset), width: 1, height: 10)
      return (0..<10).first { buffer[0, $0].character == "█" }
    }
    #expect([0, 1, 500, 989, 990].map(thumb) == [0, 1, 5, 8, 9])
    let all = ScrollIndicator(count: 5, visible: 5, offset: 0)
    #expect(CellBuffer.rendering(all, width: 1, height: 2).text == "\n")
  }

  @Test func treeRowsShowFoldsAndSelection() {
    let row = TreeRow(
      indent: TreeIndent(depth: 1, fold: .closed), text: "encoder", isSelected: true)
    let buffer = CellBuffer.rendering(row, width: 16, height: 1)
    #expect(buffer.text == "▶  ▸ encoder")
    #expect(buffer.styleText == "ssssssssssssssss")
  }

  @Test func aSmallTerminalSaysWhichSideIsShort() {
    let notice = SmallTerminalNotice(needed: Size(width: 20, height: 15))
    let buffer = CellBuffer.rendering(notice, width: 24, height: 5)
    #expect(
      buffer.text == """
           Terminal too small
           columns 24, enough
            rows 5, needs 15
                q quits

        """)
    #expect(buffer[3, 1].style == .good)
    #expect(buffer[5, 2].style == .bad)
    #expect(CellBuffer.rendering(notice, width: 24, height: 1).text == "    rows 1, needs 15")
  }
}
