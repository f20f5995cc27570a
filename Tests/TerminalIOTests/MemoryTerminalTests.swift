import Cells
import Testing

@testable import TerminalIO

@MainActor @Suite struct MemoryTerminalTests {
  private func frame(_ text: String) -> CellBuffer {
    var buffer = CellBuffer(width: 8, height: 1)
    buffer.write(text, in: buffer.bounds)
    return buffer
  }

  @Test func keysArriveInOrder() {
    let terminal = MemoryTerminal(size: Size(width: 8, height: 1))
    var keys: [Key] = []
    terminal.start { keys.append($0) }
    terminal.type(.down, .enter)
    terminal.type(text: "ab")
    terminal.resize(to: Size(width: 4, height: 2))
    #expect(
      keys == [
        .down, .enter, .character("a"), .character("b"), .resize(Size(width: 4, height: 2)),
      ])
    #expect(terminal.size == Size(width: 4, height: 2))
  }

  @Test func onlyFramesThatDifferAreKept() {
    let terminal = MemoryTerminal(size: Size(width: 8, height: 1))
    terminal.present(frame("one"), theme: .builtIn)
    terminal.present(frame("one"), theme: .builtIn)
    terminal.present(frame("two"), theme: .builtIn)
    #expect(terminal.frames.map(\.text) == ["one", "two"])
    #expect(terminal.text == "two")
  }

  @Test func nothingHappensAfterClosing() {
    let terminal = MemoryTerminal(size: Size(width: 8, height: 1))
    var count = 0
    terminal.start { key in
      count += 1
      if key == .character("q") { terminal.close() }
    }
    terminal.type(text: "aqb")
    terminal.present(frame("late"), theme: .builtIn)
    #expect(count == 2)
    #expect(terminal.frames.isEmpty)
    #expect(terminal.isClosed)
  }

  @Test func whatElseATerminalDoesIsRecorded() {
    let terminal = MemoryTerminal(size: Size(width: 8, height: 1), glyphs: .ascii)
    terminal.bell()
    terminal.copy("octet inspect model.onnx")
    terminal.setMouse(isOn: true)
    terminal.suspend()
    #expect(terminal.released { 7 } == 7)
    #expect(terminal.bells == 1)
    #expect(terminal.copied == ["octet inspect model.onnx"])
    #expect(terminal.isMouseOn)
    #expect(terminal.suspensions == 1)
    #expect(terminal.releases == 1)
  }
}
