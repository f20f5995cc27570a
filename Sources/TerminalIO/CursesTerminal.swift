import CCurses
package import Cells
import Foundation

/// The terminal that the program was started in, through ncurses.
///
/// Idle, it waits in the kernel and takes no time. Whatever ends the program, the shim gives the
/// terminal back first.
@MainActor
package final class CursesTerminal: Terminal {
  package private(set) var size: Size
  package let glyphs: Glyphs
  package private(set) var notes: [String] = []
  private let environment: TerminalEnvironment
  private let depth: ColorDepth
  private var looks: [Style: Look] = [:]
  private var pairs: [Pair: Int32] = [:]
  private var slots = PaletteSlots()
  private var shown: (buffer: CellBuffer, theme: Theme)?
  private var events: TerminalEvents?
  private var handle: (@MainActor (Key) -> Void)?
  private var isOpen = true

  /// How a style is given to ncurses.
  private struct Look {
    let attributes: Int32
    let pair: Int32
  }

  private struct Pair: Hashable {
    let foreground: Int
    let background: Int
  }

  /// Takes the terminal over.
  package init(
    options: TerminalOptions = TerminalOptions(),
    environment variables: [String: String] = ProcessInfo.processInfo.environment
  ) throws(TerminalError) {
    guard isatty(STDIN_FILENO) == 1 else { throw .notATerminal(stream: "Standard input") }
    guard isatty(STDOUT_FILENO) == 1 else { throw .notATerminal(stream: "Standard output") }
    environment = TerminalEnvironment(variables: variables)
    guard let term = environment.term else { throw .unsupported(term: variables["TERM"] ?? "") }
    let isUTF8 = octerm_use_locale(environment.namesUTF8)
    glyphs = options.glyphs ?? environment.glyphs(isUTF8: isUTF8)
    if !isUTF8, !glyphs.isASCII {
      notes.append("The locale is not UTF-8; if characters look wrong, use --ascii.")
    }
    let name = try CursesTerminal.usableName(environment, term: term)
    guard octerm_open(name) == OCTERM_OK else { throw .failed(term: name) }
    if name != term {
      notes.append("TERM=\(term) is not known on this machine; drawing as \(name).")
    }
    depth = environment.depth(colors: Int(octerm_colors()), options: options)
    size = CursesTerminal.currentSize()
    if options.usesMouse { octerm_mouse(true) }
  }

  /// The first name that terminfo knows.
  private static func usableName(
    _ environment: TerminalEnvironment, term: String
  ) throws(TerminalError) -> String {
    for name in environment.terminfoNames {
      switch octerm_probe(name) {
      case OCTERM_OK: return name
      case OCTERM_NO_CURSOR: throw .unsupported(term: name)
      default: continue
      }
    }
    throw .unsupported(term: term)
  }

  private static func currentSize() -> Size {
    var columns: Int32 = 0
    var rows: Int32 = 0
    octerm_size(&columns, &rows)
    return Size(width: Int(columns), height: Int(rows))
  }

  package func start(_ handle: @escaping @MainActor (Key) -> Void) {
    guard isOpen else { return }
    self.handle = handle
    events = TerminalEvents(
      keys: { [weak self] keys in self?.deliver(keys) },
      signal: { [weak self] signal in self?.receive(signal) })
  }

  private func deliver(_ keys: [Key]) {
    for key in keys where isOpen { handle?(key) }
  }

  private func receive(_ signal: TerminalEvents.Signal) {
    guard isOpen else { return }
    switch signal {
    case .resized: follow(CursesTerminal.currentSize())
    case .stopRequested: suspend()
    case .continued:
      octerm_resume()
      returned()
    }
  }

  private func follow(_ size: Size) {
    self.size = size
    shown = nil
    handle?(.resize(size))
  }

  /// The screen is ours again, with nothing on it, and perhaps of another size.
  private func returned() {
    let undo = slots.undo
    if !undo.isEmpty { send(slots.restore) }
    octerm_redraw()
    let size = CursesTerminal.currentSize()
    if size != self.size { follow(size) } else { octerm_flush() }
  }

  package func present(_ buffer: CellBuffer, theme: Theme) {
    guard isOpen else { return }
    if let shown, shown.buffer == buffer, shown.theme == theme { return }
    if shown?.theme != theme { forgetColors() }
    let old = shown?.theme == theme ? shown?.buffer : nil
    let isComparable = old?.width == buffer.width && old?.height == buffer.height
    for y in 0..<min(buffer.height, size.height) {
      for x in 0..<min(buffer.width, size.width) {
        let cell = buffer[x, y]
        // A wide character was put with its left half.
        if cell.isContinuation || isComparable && old?[x, y] == cell { continue }
        put(cell, x: x, y: y, theme: theme)
      }
    }
    octerm_cursor(Int32(buffer.cursor?.x ?? -1), Int32(buffer.cursor?.y ?? -1))
    octerm_flush()
    shown = (buffer, theme)
  }

  private func put(_ cell: Cell, x: Int, y: Int, theme: Theme) {
    let look = look(of: cell.style, in: theme)
    // At most five code points: a base and four marks.
    var scalars: [UInt32] = []
    for scalar in cell.character.unicodeScalars.prefix(5) { scalars.append(scalar.value) }
    octerm_put(Int32(x), Int32(y), scalars, Int32(scalars.count), look.attributes, look.pair)
  }

  private func look(of style: Style, in theme: Theme) -> Look {
    if let known = looks[style] { return known }
    let appearance = theme.appearance(of: style)
    let shown = depth.shown(
      appearance, over: theme.ground(isRaised: style.attributes.contains(.raised)))
    let pair = pair(
      foreground: index(appearance.foreground, orElse: shown.foreground),
      background: index(appearance.background, orElse: shown.background))
    let look = Look(attributes: Int32(shown.attributes.rawValue), pair: pair)
    looks[style] = look
    return look
  }

  /// On a true colour terminal, the slot of an exact colour.
  private func index(_ color: TerminalColor, orElse index: Int) -> Int {
    guard depth == .trueColor, case .rgb = color else { return index }
    let (slot, sequence) = slots.slot(for: color)
    if let sequence {
      send(sequence)
      octerm_undo(slots.undo)
    }
    return slot
  }

  private func pair(foreground: Int, background: Int) -> Int32 {
    if foreground < 0, background < 0 { return 0 }
    let pair = Pair(foreground: foreground, background: background)
    if let known = pairs[pair] { return known }
    let number = octerm_pair(Int32(foreground), Int32(background))
    pairs[pair] = number
    return number
  }

  private func forgetColors() {
    looks = [:]
    pairs = [:]
    octerm_forget_pairs()
    let undo = slots.undo
    if !undo.isEmpty {
      send(undo)
      slots = PaletteSlots()
      octerm_undo("")
    }
  }

  private func send(_ text: String) {
    octerm_write(text, text.utf8.count)
  }

  package func redraw() {
    guard isOpen else { return }
    octerm_redraw()
    octerm_flush()
  }

  package func bell() {
    if isOpen { octerm_bell() }
  }

  package func copy(_ text: String) {
    guard isOpen else { return }
    send(
      Clipboard.sequence(
        copying: text, term: environment.term ?? "",
        isInsideTmux: environment.variables["TMUX"] != nil))
  }

  package func setMouse(isOn: Bool) {
    if isOpen { octerm_mouse(isOn) }
  }

  package func suspend() {
    guard isOpen else { return }
    octerm_stop()
    returned()
  }

  package func released<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard isOpen else { return try body() }
    octerm_release()
    defer {
      octerm_resume()
      returned()
    }
    return try body()
  }

  package func close() {
    guard isOpen else { return }
    isOpen = false
    events?.cancel()
    events = nil
    handle = nil
    octerm_close()
  }
}
