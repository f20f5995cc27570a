import Cells
import Testing

@testable import TerminalIO

@Suite struct ColorDepthTests {
  private static let snow = TerminalColor.rgb(red: 0xEE, green: 0xEE, blue: 0xEE)

  @Test(arguments: [
    (TerminalColor.rgb(red: 0, green: 0, blue: 0), 16),
    (.rgb(red: 255, green: 255, blue: 255), 231), (.rgb(red: 95, green: 135, blue: 175), 67),
    (.rgb(red: 96, green: 134, blue: 176), 67), (snow, 255), (.indexed(3), 3), (.indexed(208), 208),
    (.standard, -1),
  ])
  func coloursFindTheirNearestOf256(color: TerminalColor, index: Int) {
    #expect(ColorDepth.indexed256.index(for: color) == index)
  }

  @Test(arguments: [
    (TerminalColor.rgb(red: 250, green: 10, blue: 10), 9, 1), (.indexed(12), 12, 4),
    (.indexed(208), 3, 3), (.indexed(231), 15, 7), (.rgb(red: 0, green: 10, blue: 0), 0, 0),
  ])
  func coloursFindTheirNearestOfFew(color: TerminalColor, of16: Int, of8: Int) {
    #expect(ColorDepth.indexed16.index(for: color) == of16)
    #expect(ColorDepth.indexed8.index(for: color) == of8)
  }

  @Test func withoutColoursABackgroundOfItsOwnIsReversed() {
    let selection = Appearance(
      foreground: .rgb(red: 0, green: 0, blue: 0), background: Self.snow, attributes: .bold)
    let mono = ColorDepth.mono.shown(selection, over: .standard)
    #expect(mono == (-1, -1, [.bold, .reverse]))
    #expect(ColorDepth.mono.shown(selection, over: Self.snow).attributes == .bold)
    #expect(ColorDepth.indexed256.shown(selection, over: .standard).attributes == .bold)
  }

  @Test func brightTextIsBoldWhereThereAreEightColours() {
    let bright = Appearance(foreground: .indexed(10))
    #expect(ColorDepth.indexed8.shown(bright, over: .standard) == (2, -1, .bold))
    #expect(ColorDepth.indexed16.shown(bright, over: .standard) == (10, -1, []))
  }

  @Test func exactColoursTakeTheirNearestFreeSlot() {
    var slots = PaletteSlots()
    let first = slots.slot(for: .rgb(red: 0x5F, green: 0x87, blue: 0xAE))
    #expect(first.index == 67)
    #expect(first.sequence == "\u{1B}]4;67;rgb:5f/87/ae\u{1B}\\")
    #expect(slots.slot(for: .rgb(red: 0x5F, green: 0x87, blue: 0xAE)) == (67, nil))
    let second = slots.slot(for: .rgb(red: 0x5E, green: 0x87, blue: 0xAF))
    #expect(second.index != 67)
    #expect((16..<256).contains(second.index))
    #expect(slots.undo == "\u{1B}]104;66;67\u{1B}\\")
    #expect(slots.restore.contains("]4;67;rgb:5f/87/ae"))
    #expect(slots.restore.contains("]4;\(second.index);rgb:5e/87/af"))
  }

  @Test func theTerminalsOwnColoursAreNeverChanged() {
    var slots = PaletteSlots()
    #expect(slots.slot(for: .indexed(4)) == (4, nil))
    #expect(slots.slot(for: .standard) == (-1, nil))
    #expect(slots.undo == "")
  }
}
