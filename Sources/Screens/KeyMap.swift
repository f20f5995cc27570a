package import Cells
package import Workbench

/// From keys to actions, by what is on screen.
package enum KeyMap {
  /// The action that `key` asks for now, or `nil`.
  package static func action(for key: Key, in state: WorkbenchState) -> Action? {
    if case .resize(let size) = key { return .resized(width: size.width, height: size.height) }
    switch state.overlay {
    case .filter, .prompt: return editing(key, usesHistory: false)
    case .command: return editing(key, usesHistory: true)
    case .palette: return palette(key)
    case .help: return help(key)
    case .confirmation: return confirmation(key)
    case nil: return mouse(key, in: state) ?? binding(for: key, in: state)?.action
    }
  }

  /// The bindings that count now: this place's before those that hold everywhere.
  package static func bindings(in state: WorkbenchState) -> [KeyBinding] {
    let place: KeyBinding.Place = state.project == nil ? .chooser : .tab(state.tab)
    return KeyBinding.all.filter { $0.place == place }
      + KeyBinding.all.filter { $0.place == .everywhere }
  }

  private static func binding(for key: Key, in state: WorkbenchState) -> KeyBinding? {
    bindings(in: state).first { $0.keys.contains(key) }
  }

  /// What the bottom line offers: only keys that work now.
  package static func hints(in state: WorkbenchState) -> [KeyHints.Hint] {
    switch state.overlay {
    case .filter, .prompt: return hints([("Enter", "accept"), ("Esc", "leave")])
    case .command: return hints([("Enter", "do it"), ("Tab", "complete"), ("↑", "earlier")])
    case .palette: return hints([("Enter", "do it"), ("↑↓", "choose"), ("Esc", "leave")])
    case .help: return hints([("↑↓", "scroll"), ("Esc", "leave")])
    case .confirmation(let question):
      return hints(question.answers.map { ($0.key, $0.label(for: question.kind)) })
    case nil:
      return bindings(in: state).filter { !$0.hint.isEmpty && $0.whyDisabled(state) == nil }.map {
        KeyHints.Hint(
          key: $0.keys[0].name, label: $0.hint, isPinned: $0.hint == "help" || $0.hint == "quit")
      }
    }
  }

  private static func hints(_ pairs: [(String, String)]) -> [KeyHints.Hint] {
    pairs.map { KeyHints.Hint(key: $0.0, label: $0.1) }
  }

  private static func editing(_ key: Key, usesHistory: Bool) -> Action? {
    switch key {
    case .character(let character): .text(.insert(String(character)))
    case .paste(let text): .text(.insert(text))
    case .backspace: .text(.deleteBackward)
    case .delete: .text(.deleteForward)
    case .control("w"): .text(.deleteWord)
    case .control("u"): .text(.clear)
    case .left: .text(.left)
    case .right: .text(.right)
    case .home, .control("a"): .text(.home)
    case .end, .control("e"): .text(.end)
    case .up where usesHistory: .text(.older)
    case .down where usesHistory: .text(.newer)
    case .enter: .submitText
    case .tab where usesHistory: .completeText
    case .escape, .control("c"): .back
    default: nil
    }
  }

  private static func palette(_ key: Key) -> Action? {
    switch key {
    case .up, .control("p"): .move(.up)
    case .down, .control("n"): .move(.down)
    default: editing(key, usesHistory: false)
    }
  }

  private static func help(_ key: Key) -> Action? {
    switch key {
    case .escape, .enter, .character("q"), .character("?"), .function(1), .control("c"): .back
    case .up, .character("k"): .move(.up)
    case .down, .character("j"): .move(.down)
    case .pageUp: .move(.pageUp)
    case .pageDown, .character(" "): .move(.pageDown)
    case .home, .character("g"): .move(.top)
    case .end, .character("G"): .move(.bottom)
    default: nil
    }
  }

  private static func confirmation(_ key: Key) -> Action? {
    switch key {
    case .character("y"): .answer(.yes)
    case .character("s"): .answer(.save)
    case .character("d"): .answer(.discard)
    case .escape, .control("c"), .character("n"): .answer(.cancel)
    default: nil
    }
  }

  private static func mouse(_ key: Key, in state: WorkbenchState) -> Action? {
    guard case .mouse(let mouse) = key else { return nil }
    switch mouse.kind {
    case .scrollUp: return .move(.up)
    case .scrollDown: return .move(.down)
    case .press, .doublePress:
      guard mouse.y == Screen.tabRow, state.project != nil else { return nil }
      let bar = Screen.tabBar(state)
      let area = Rect(x: 0, y: Screen.tabRow, width: state.width, height: 1)
      return bar.tab(atX: mouse.x, in: area).flatMap { Tab(rawValue: $0) }.map(Action.selectTab)
    case .release: return nil
    }
  }
}

extension Confirmation.Answer {
  var key: String {
    switch self {
    case .yes: "y"
    case .save: "s"
    case .discard: "d"
    case .cancel: "Esc"
    }
  }

  func label(for kind: Confirmation.Kind) -> String {
    switch (self, kind) {
    case (.yes, .quitWithJob): "quit all the same"
    case (.yes, .resumeTraining): "go on"
    case (.yes, .discardTraining): "discard them"
    case (.discard, .resumeTraining): "drop it"
    case (.cancel, .resumeTraining): "later"
    case (.yes, .replaceExport), (.yes, .replaceSession): "replace it"
    case (.yes, .recover): "recover"
    case (.yes, _): "yes"
    case (.save, _): "save and quit"
    case (.discard, .recover): "drop it"
    case (.discard, .openUnsaved): "drop changes"
    case (.discard, _): "quit without saving"
    case (.cancel, .recover): "later"
    case (.cancel, _): "go back"
    }
  }
}
