import CCurses
import Cells
import Dispatch
import Foundation

/// Waits for keys and signals on the main queue, without a thread or a timer of its own.
@MainActor
final class TerminalEvents {
  enum Signal {
    case resized
    /// Someone sent SIGTSTP.
    case stopRequested
    /// Someone sent SIGCONT, after a stop of which nothing was known.
    case continued
  }

  private let input: any DispatchSourceRead
  private let signals: any DispatchSourceRead
  private let keys: @MainActor ([Key]) -> Void
  private let signal: @MainActor (Signal) -> Void
  private var decoder = KeyDecoder()
  private var lastPress: (place: Point, time: ContinuousClock.Instant)?

  init(
    keys: @escaping @MainActor ([Key]) -> Void, signal: @escaping @MainActor (Signal) -> Void
  ) {
    self.keys = keys
    self.signal = signal
    input = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .main)
    signals = DispatchSource.makeReadSource(fileDescriptor: octerm_signals(), queue: .main)
    // The handlers run on the main queue, which is the main actor's.
    input.setEventHandler { [weak self] in MainActor.assumeIsolated { self?.readKeys() } }
    signals.setEventHandler { [weak self] in MainActor.assumeIsolated { self?.readSignals() } }
    input.activate()
    signals.activate()
  }

  func cancel() {
    input.cancel()
    signals.cancel()
  }

  private func readKeys() {
    var found: [Key] = []
    var isAtEnd = false
    reading: while true {
      let event = octerm_read()
      switch event.kind {
      case OCTERM_CHARACTER:
        found += decoder.decode(.character(UInt32(bitPattern: event.value)))
      case OCTERM_KEY: found += decoder.decode(KeyDecoder.Input(named: Int(event.value)))
      case OCTERM_MOUSE:
        if let mouse = mouse(event) { found += decoder.decode(.key(.mouse(mouse))) }
      case OCTERM_END:
        isAtEnd = true
        break reading
      default: break reading
      }
    }
    found += decoder.finish()
    keys(found)
    if isAtEnd {
      // The terminal is gone; without this the source would fire for ever.
      input.cancel()
      kill(getpid(), SIGHUP)
    }
  }

  private func mouse(_ event: octerm_event) -> Mouse? {
    let place = Point(x: Int(event.x), y: Int(event.y))
    let kind: Mouse.Kind
    switch Int(event.value) {
    case Int(OCTERM_RELEASE): kind = .release
    case Int(OCTERM_WHEEL_UP): kind = .scrollUp
    case Int(OCTERM_WHEEL_DOWN): kind = .scrollDown
    case Int(OCTERM_PRESS):
      let now = ContinuousClock.now
      let isSecond = lastPress.map { $0.place == place && now - $0.time < .milliseconds(400) }
      kind = isSecond == true ? .doublePress : .press
      lastPress = isSecond == true ? nil : (place, now)
    default: return nil
    }
    return Mouse(kind, x: place.x, y: place.y)
  }

  private func readSignals() {
    var numbers: Set<Int32> = []
    var bytes = [UInt8](repeating: 0, count: 64)
    while true {
      let count = read(octerm_signals(), &bytes, bytes.count)
      guard count > 0 else { break }
      numbers.formUnion(bytes.prefix(count).map(Int32.init))
    }
    if numbers.contains(SIGCONT) { signal(.continued) }
    if numbers.contains(SIGWINCH) { signal(.resized) }
    if numbers.contains(SIGTSTP) { signal(.stopRequested) }
  }
}
