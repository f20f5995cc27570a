import Testing

@testable import Cells

@Suite struct StyledTextTests {
  @Test func partsKeepTheirStylesWhenCut() {
    let text = StyledText("encoder", .dim) + StyledText("/conv", .accent)
    let cut = text.truncated(toWidth: 9, .middle, glyphs: .unicode)
    #expect(cut.plainText == "enco…conv")
    #expect(cut.spans.map(\.style) == [.dim, .accent])
  }

  @Test(arguments: 0..<8) func cutTextFits(width: Int) {
    for truncation in [Truncation.tail, .middle, .head, .clip] {
      let cut = "卷积a层norm".truncated(toWidth: width, truncation, glyphs: .unicode)
      #expect(cut.cellWidth <= width)
    }
  }

  @Test func paddingCountsColumns() {
    #expect("卷".padded(toWidth: 4) == "卷  ")
    #expect("ab".padded(toWidth: 5, .trailing) == "   ab")
    #expect("abcdef".padded(toWidth: 3) == "abcdef")
  }

  @Test func interpolationGivesPlainText() {
    let count = 3
    let text: StyledText = "\(count) layers"
    #expect(text == StyledText("3 layers"))
    #expect(StyledText("").isEmpty)
  }
}
