import Testing

@testable import Cells

@Suite struct CellWidthTests {
  @Test(arguments: [
    ("a", 1), ("é", 1), ("ß", 1), ("█", 1), ("⣿", 1), ("→", 1), ("✓", 1), ("▶", 1),
    ("\u{301}", 0), ("\u{200D}", 0), ("\u{FE0F}", 0), ("\u{1160}", 0), ("\u{E0100}", 0),
    ("卷", 2), ("한", 2), ("ア", 2), ("Ａ", 2), ("🚀", 2), ("\u{20000}", 2), ("ｱ", 1),
    ("\u{378}", 1), ("\u{10FFFD}", 1),
  ])
  func scalarsTakeTheirColumns(text: String, width: Int) throws {
    #expect(CellWidth.of(try #require(text.unicodeScalars.first)) == width)
  }

  @Test func tablesAreAscendingAndApart() {
    for table in [CellWidthTable.zero, CellWidthTable.wide] {
      #expect(table.count.isMultiple(of: 2))
      for (index, value) in table.enumerated().dropFirst() {
        // First and last of a range may be the same, but two ranges do not touch.
        #expect(index.isMultiple(of: 2) ? value > table[index - 1] : value >= table[index - 1])
      }
    }
  }

  @Test func textAddsUp() {
    #expect("conv1".cellWidth == 5)
    #expect("e\u{301}a".cellWidth == 2)
    #expect("卷积1".cellWidth == 5)
    #expect("한글".cellWidth == 4)
  }

  @Test(arguments: [
    ("\u{1B}", "?"), ("\n", "?"), ("\r\n", "?"), ("\u{7F}", "?"), ("\u{9B}", "\u{FFFD}"),
    ("\u{202E}", "\u{FFFD}"), ("a", "a"), ("e\u{301}", "e\u{301}"), ("卷", "卷"),
    ("👩\u{200D}🔬", "👩"), ("✔\u{FE0F}", "✔"),
  ])
  func nothingReachesATerminalThatCouldMoveItsCursor(text: Character, shown: Character) {
    #expect(text.displayed(in: .unicode) == shown)
  }

  @Test func manyMarksAreCutToWhatATerminalTakes() {
    let zalgo = Character("a" + String(repeating: "\u{301}", count: 40))
    #expect(zalgo.displayed(in: .unicode).unicodeScalars.count == 5)
  }

  @Test(arguments: [("→", ">"), ("…", "~"), ("é", "?"), ("×", "x"), ("─", "-"), ("q", "q")])
  func asciiSetsKeepToASCII(text: Character, shown: Character) {
    #expect(text.displayed(in: .ascii) == shown)
  }
}
