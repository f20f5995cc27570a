import Testing

@testable import Cells

@Suite struct TextInputTests {
  private func after(_ text: String, _ keys: Key...) -> TextInput {
    var input = TextInput(text)
    for key in keys {
      let isHandled = input.handle(key)
      #expect(isHandled)
    }
    return input
  }

  @Test func typesAtTheCursor() {
    let input = after("cnv", .left, .left, .character("o"))
    #expect(input == TextInput("conv", cursor: 2))
  }

  @Test func erasesOnEitherSide() {
    #expect(after("abc", .left, .backspace) == TextInput("ac", cursor: 1))
    #expect(after("abc", .home, .delete) == TextInput("bc", cursor: 0))
    #expect(after("", .backspace, .delete) == TextInput(""))
  }

  @Test func knowsTheKeysOfAShell() {
    #expect(after("one two  ", .control("w")) == TextInput("one "))
    #expect(after("one two", .control("u")) == TextInput(""))
    #expect(after("one two", .control("a"), .control("k")) == TextInput("", cursor: 0))
    #expect(after("ab", .control("b"), .control("k")) == TextInput("a"))
  }

  @Test func aPasteIsTextAndNeverACommand() {
    #expect(after("", .paste("q\nrm\t-r")) == TextInput("q rm -r"))
  }

  @Test func anAccentJoinsItsLetter() {
    let input = after("e", .character("\u{301}"))
    #expect(input.text == "e\u{301}")
    #expect(input.cursor == 1)
  }

  @Test(arguments: [Key.enter, .escape, .up, .tab, .function(1), .alt("x")])
  func otherKeysChangeNothing(key: Key) {
    var input = TextInput("text", cursor: 2)
    let isHandled = input.handle(key)
    #expect(!isHandled)
    #expect(input == TextInput("text", cursor: 2))
  }
}
