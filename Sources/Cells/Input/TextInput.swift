/// One line of text being edited, and where.
package struct TextInput: Hashable, Sendable {
  package private(set) var text: String
  /// Characters before the cursor: 0 through the length of the text.
  package private(set) var cursor: Int

  /// The cursor stands at the end, or where it is put, inside the text.
  package init(_ text: String = "", cursor: Int? = nil) {
    self.text = text
    self.cursor = min(max(cursor ?? text.count, 0), text.count)
  }

  /// Applies an editing key; false when the key is none, and nothing has changed.
  ///
  /// Control-A, E, B, F, U, K and W do what they do in a shell. Pasted line breaks become blanks.
  package mutating func handle(_ key: Key) -> Bool {
    switch key {
    case .character(let character): insert(String(character))
    case .paste(let pasted): insert(String(pasted.map { $0.isNewline || $0 == "\t" ? " " : $0 }))
    case .backspace, .control("h"): remove(max(cursor - 1, 0)..<cursor)
    case .delete, .control("d"): remove(cursor..<min(cursor + 1, text.count))
    case .left, .control("b"): cursor = max(cursor - 1, 0)
    case .right, .control("f"): cursor = min(cursor + 1, text.count)
    case .home, .control("a"): cursor = 0
    case .end, .control("e"): cursor = text.count
    case .control("u"): remove(0..<cursor)
    case .control("k"): remove(cursor..<text.count)
    case .control("w"): remove(startOfWord..<cursor)
    default: return false
    }
    return true
  }

  private var startOfWord: Int {
    let before = Array(text.prefix(cursor))
    var start = before.count
    while start > 0, before[start - 1] == " " { start -= 1 }
    while start > 0, before[start - 1] != " " { start -= 1 }
    return start
  }

  private mutating func insert(_ inserted: String) {
    let after = text.dropFirst(cursor)
    let left = text.prefix(cursor) + inserted
    // Counted again: an inserted accent joins the character before it.
    cursor = left.count
    text = String(left + after)
    cursor = min(cursor, text.count)
  }

  private mutating func remove(_ range: Range<Int>) {
    text = String(text.prefix(range.lowerBound)) + text.dropFirst(range.upperBound)
    cursor = min(range.lowerBound, text.count)
  }
}
