/// A line of text being typed, with its cursor and what was typed before.
package struct EditedLine: Equatable, Sendable {
  package enum Edit: Equatable, Sendable {
    case insert(String), deleteBackward, deleteForward, deleteWord, clear
    case left, right, home, end, older, newer
  }

  package private(set) var text = ""
  /// In characters from the start.
  package private(set) var cursor = 0
  package private(set) var history: [String]
  private var historyIndex: Int?
  private var draft = ""

  package init(_ text: String = "", history: [String] = []) {
    self.history = history
    set(text)
  }

  package mutating func set(_ text: String) {
    self.text = text
    cursor = text.count
  }

  package mutating func apply(_ edit: Edit) {
    var characters = Array(text)
    switch edit {
    case .insert(let string):
      // A pasted line break must not submit.
      let clean = string.filter { !$0.isNewline && $0 != "\u{1B}" }
      characters.insert(contentsOf: clean, at: cursor)
      cursor += clean.count
    case .deleteBackward where cursor > 0:
      cursor -= 1
      characters.remove(at: cursor)
    case .deleteForward where cursor < characters.count:
      characters.remove(at: cursor)
    case .deleteWord:
      let end = cursor
      while cursor > 0, characters[cursor - 1] == " " { cursor -= 1 }
      while cursor > 0, characters[cursor - 1] != " " { cursor -= 1 }
      characters.removeSubrange(cursor..<end)
    case .clear:
      characters = []
      cursor = 0
    case .left: cursor = max(cursor - 1, 0)
    case .right: cursor = min(cursor + 1, characters.count)
    case .home: cursor = 0
    case .end: cursor = characters.count
    case .older: return recall(by: -1)
    case .newer: return recall(by: 1)
    case .deleteBackward, .deleteForward: break
    }
    text = String(characters)
  }

  private mutating func recall(by step: Int) {
    guard !history.isEmpty else { return }
    if historyIndex == nil {
      guard step < 0 else { return }
      draft = text
    }
    let index = (historyIndex ?? history.count) + step
    if index >= history.count {
      historyIndex = nil
      set(draft)
    } else if index >= 0 {
      historyIndex = index
      set(history[index])
    }
  }
}
