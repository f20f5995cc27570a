package import Cells

/// A terminal without a terminal, for tests: keys are typed by a program, frames are kept.
@MainActor
package final class MemoryTerminal: Terminal {
  package private(set) var size: Size
  package let glyphs: Glyphs
  package var notes: [String] = []
  /// Every buffer that differed from the one before, oldest first.
  package private(set) var frames: [CellBuffer] = []
  package private(set) var theme: Theme?
  package private(set) var bells = 0
  package private(set) var copied: [String] = []
  package private(set) var suspensions = 0
  package private(set) var releases = 0
  package private(set) var isMouseOn = false
  package private(set) var isClosed = false
  private var handle: (@MainActor (Key) -> Void)?

  package init(size: Size, glyphs: Glyphs = .unicode) {
    self.size = size
    self.glyphs = glyphs
  }

  /// What the screen shows now.
  package var text: String { frames.last?.text ?? "" }
  package var styleText: String { frames.last?.styleText ?? "" }

  /// Types keys; each is handled before the next.
  package func type(_ keys: Key...) {
    for key in keys where !isClosed { handle?(key) }
  }

  /// Types each character of a text as a key of its own.
  package func type(text: String) {
    for character in text { type(.character(character)) }
  }

  package func resize(to size: Size) {
    self.size = size
    type(.resize(size))
  }

  package func start(_ handle: @escaping @MainActor (Key) -> Void) { self.handle = handle }

  package func present(_ buffer: CellBuffer, theme: Theme) {
    guard !isClosed else { return }
    if frames.last != buffer || self.theme != theme { frames.append(buffer) }
    self.theme = theme
  }

  package func redraw() {}
  package func bell() { bells += 1 }
  package func copy(_ text: String) { copied.append(text) }
  package func setMouse(isOn: Bool) { isMouseOn = isOn }
  package func suspend() { suspensions += 1 }

  package func released<Result>(_ body: () throws -> Result) rethrows -> Result {
    releases += 1
    return try body()
  }

  package func close() {
    isClosed = true
    handle = nil
  }
}
