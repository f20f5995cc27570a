/// What a person did at the terminal.
package enum Key: Hashable, Sendable {
  case character(Character)
  case enter
  case escape
  case tab
  case backTab
  case backspace
  case delete
  case insert
  case up
  case down
  case left
  case right
  case home
  case end
  case pageUp
  case pageDown
  /// A letter, lower case, or one of `[ \ ] ^ _` or space, with the control key.
  case control(Character)
  case alt(Character)
  /// F1 is 1.
  case function(Int)
  /// Text pasted as a whole: to be inserted, never to be taken for commands.
  case paste(String)
  case mouse(Mouse)
  /// The terminal has a new size; not a key, but it arrives in the same order as keys do.
  case resize(Size)
}

/// One mouse event; the place counts cells from the top left.
package struct Mouse: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case press
    case release
    /// The second press of a double click.
    case doublePress
    case scrollUp
    case scrollDown
  }

  package var kind: Kind
  package var x: Int
  package var y: Int

  package init(_ kind: Kind, x: Int, y: Int) {
    self.kind = kind
    self.x = x
    self.y = y
  }
}

/// Names of keys, as help shows them and as a key table may spell them.
extension Key {
  package var name: String {
    switch self {
    case .character(" "): "Space"
    case .character(let character): String(character)
    case .control(" "): "Ctrl-Space"
    case .control(let character): "Ctrl-" + character.uppercased()
    case .alt(let character): "Alt-" + String(character)
    case .function(let number): "F\(number)"
    case .paste: "Paste"
    case .mouse(let mouse): Key.name(of: mouse.kind)
    case .resize: "Resize"
    default: Key.fixedNames.first { $0.key == self }?.name ?? ""
    }
  }

  /// The key of a name that ``name`` gives; letter case matters only for single characters.
  package init?(name: String) {
    if name.count == 1, let character = name.first {
      self = .character(character)
      return
    }
    let lower = name.lowercased()
    if lower == "space" {
      self = .character(" ")
    } else if let fixed = Key.fixedNames.first(where: { $0.name.lowercased() == lower }) {
      self = fixed.key
    } else if lower == "ctrl-space" {
      self = .control(" ")
    } else if lower.hasPrefix("ctrl-"), name.count == 6, let last = lower.last {
      self = .control(last)
    } else if lower.hasPrefix("alt-"), name.count == 5, let last = name.last {
      self = .alt(last)
    } else if lower.hasPrefix("f"), let number = Int(lower.dropFirst()), (1...63).contains(number) {
      self = .function(number)
    } else {
      return nil
    }
  }

  private static let fixedNames: [(key: Key, name: String)] = [
    (.enter, "Enter"), (.escape, "Esc"), (.tab, "Tab"), (.backTab, "Shift-Tab"),
    (.backspace, "Backspace"), (.delete, "Delete"), (.insert, "Insert"), (.up, "Up"),
    (.down, "Down"), (.left, "Left"), (.right, "Right"), (.home, "Home"), (.end, "End"),
    (.pageUp, "PgUp"), (.pageDown, "PgDn"),
  ]

  private static func name(of kind: Mouse.Kind) -> String {
    switch kind {
    case .press: "Click"
    case .release: "Release"
    case .doublePress: "Double-click"
    case .scrollUp: "Wheel-up"
    case .scrollDown: "Wheel-down"
    }
  }
}
