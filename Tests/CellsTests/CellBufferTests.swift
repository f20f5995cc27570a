import Testing

@testable import Cells

@Suite struct CellBufferTests {
  @Test func startsBlank() {
    let buffer = CellBuffer(width: 3, height: 2)
    #expect(buffer.text == "\n")
    #expect(buffer[1, 1] == .blank)
    #expect(buffer[-1, 9] == .blank)
  }

  @Test func negativeSizesAreEmpty() {
    let buffer = CellBuffer(width: -1, height: 4)
    #expect(buffer.bounds == Rect(width: 0, height: 4))
    #expect(buffer.text == "\n\n\n")
  }

  @Test func writesAreClippedToTheirArea() {
    var buffer = CellBuffer(width: 6, height: 3)
    let area = Rect(x: 1, y: 1, width: 3, height: 1)
    buffer.write("abcdef", x: 0, y: 1, in: area)
    buffer.write("xyz", x: 1, y: 0, in: area)
    buffer.write("xyz", x: 1, y: 2, in: area)
    #expect(buffer.text == "\n bcd\n")
  }

  @Test func wideCharactersAreNeverHalved() {
    var buffer = CellBuffer(width: 5, height: 1)
    buffer.write("卷积层", x: 0, y: 0, in: buffer.bounds)
    #expect(buffer.text == "卷积")
    #expect(buffer[1, 0].isContinuation)
    buffer.write("a", x: 1, y: 0, in: buffer.bounds)
    #expect(buffer.text == " a积")
    buffer.write("b", x: 2, y: 0, in: buffer.bounds)
    #expect(buffer.text == " ab")
    #expect(!buffer[3, 0].isContinuation)
  }

  @Test func aWideCharacterOverTwoOthersBlanksTheirRests() {
    var buffer = CellBuffer(width: 6, height: 1)
    buffer.write("卷积层", x: 0, y: 0, in: buffer.bounds)
    buffer.write("中", x: 1, y: 0, in: buffer.bounds)
    #expect(buffer.text == " 中 层")
  }

  @Test func longTextIsMarkedWhereItIsCut() {
    func written(_ truncation: Truncation, _ glyphs: Glyphs = .unicode) -> String {
      var buffer = CellBuffer(width: 7, height: 1, glyphs: glyphs)
      buffer.write("encoder/conv", in: buffer.bounds, truncation: truncation)
      return buffer.text
    }
    #expect(written(.tail) == "encode…")
    #expect(written(.middle) == "enc…onv")
    #expect(written(.head) == "…r/conv")
    #expect(written(.clip) == "encoder")
    #expect(written(.tail, .ascii) == "encode~")
  }

  @Test(arguments: [(Alignment.leading, "ab"), (.centre, "  ab"), (.trailing, "    ab")])
  func textIsAligned(alignment: Alignment, expected: String) {
    var buffer = CellBuffer(width: 6, height: 1)
    buffer.write("ab", in: buffer.bounds, alignment: alignment)
    #expect(buffer.text == expected)
  }

  @Test func stylesHaveAPlaneOfTheirOwn() {
    var buffer = CellBuffer(width: 6, height: 1)
    buffer.write(
      StyledText("ab", .bad) + StyledText("c", .good.reversed) + "d", in: buffer.bounds)
    #expect(buffer.text == "abcd")
    #expect(buffer.styleText == "xxG")
    buffer.restyle(buffer.bounds.leading(1)) { _ in .selection }
    #expect(buffer.styleText == "sxG")
  }

  @Test func everyRoleHasItsOwnLetter() {
    let letters = Role.allCases.flatMap { [Style($0).letter, Style($0).reversed.letter] }
    // Digits have no upper case; charts are never reversed.
    #expect(Set(letters).count == letters.count - 6)
  }

  @Test func fillingWithAWideCharacterStaysInside() {
    var buffer = CellBuffer(width: 5, height: 1)
    buffer.fill(Rect(width: 3, height: 1), with: "卷")
    #expect(buffer.text == "卷")
  }

  @Test func aBorderNeedsTwoRowsAndColumns() {
    var buffer = CellBuffer(width: 4, height: 3)
    buffer.border(buffer.bounds)
    #expect(buffer.text == "┌──┐\n│  │\n└──┘")
    var line = CellBuffer(width: 4, height: 1)
    line.border(line.bounds)
    #expect(line.text == "")
  }

  @Test func anASCIISetReplacesWideTextCellByCell() {
    var buffer = CellBuffer(width: 6, height: 1, glyphs: .ascii)
    buffer.write("卷→b", in: buffer.bounds)
    #expect(buffer.text == "??>b")
  }
}
