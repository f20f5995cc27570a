package import Cells

/// A screen to draw on and a keyboard to read.
///
/// All of it happens on the main actor: ncurses has one screen and knows no threads.
@MainActor
package protocol Terminal: AnyObject {
  var size: Size { get }
  /// What this terminal can show; buffers to present are made with it.
  var glyphs: Glyphs { get }
  /// What the person should know about this terminal, such as that its name is unknown here.
  var notes: [String] { get }

  /// Delivers keys, pastes, mouse events and new sizes, in order, until the terminal is closed.
  func start(_ handle: @escaping @MainActor (Key) -> Void)
  /// Shows a buffer; sends only what differs from the one before, and nothing when nothing does.
  func present(_ buffer: CellBuffer, theme: Theme)
  /// Sends the last buffer once more, in case something else wrote on the screen.
  func redraw()
  func bell()
  /// Puts text on the clipboard of the person's own computer, where the terminal allows that.
  func copy(_ text: String)
  func setMouse(isOn: Bool)
  /// Stops the program as Control-Z does, and comes back after it has been continued.
  func suspend()
  /// Gives the screen to another program, such as an editor, while `body` runs.
  func released<Result>(_ body: () throws -> Result) rethrows -> Result
  /// Gives the terminal back. Nothing is drawn or read after it.
  func close()
}
