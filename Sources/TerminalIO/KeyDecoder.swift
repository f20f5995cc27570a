import Cells

/// Makes keys of what ncurses reads.
///
/// ncurses knows the sequences of the terminal's keys. What it does not know arrives character by
/// character, and must not be taken for typing: such sequences are swallowed here.
struct KeyDecoder {
  enum Input: Hashable {
    case character(UInt32)
    /// A key that ncurses knows.
    case key(Key)
    /// A key that ncurses knows and we do not.
    case unnamed
    case pasteBegin
    case pasteFinish
  }

  private enum State: Hashable {
    case ground
    case escape
    /// Inside `ESC [ …`, whose end is not here yet.
    case sequence
    /// After `ESC O`, one character to come.
    case shift
    case paste(String)
  }

  /// Characters of a paste that are kept; more would be no text for a field.
  private static let pasteLimit = 1 << 20
  private var state = State.ground

  mutating func decode(_ input: Input) -> [Key] {
    switch (state, input) {
    case (.paste(let text), _): return paste(input, after: text)
    case (_, .pasteBegin):
      let before = finish()
      state = .paste("")
      return before
    case (.ground, .character(27)):
      state = .escape
      return []
    case (.ground, _): return key(input).map { [$0] } ?? []
    case (.escape, .character(27)): return [.escape]
    case (.escape, .character(0x5B)):
      state = .sequence
      return []
    case (.escape, .character(0x4F)):
      state = .shift
      return []
    case (.escape, .character(let value)):
      state = .ground
      guard value > 32, let scalar = Unicode.Scalar(value), value != 127 else {
        return [.escape] + (key(input).map { [$0] } ?? [])
      }
      return [.alt(Character(scalar))]
    case (.sequence, .character(let value)):
      if !(0x20...0x3F).contains(value) { state = .ground }
      return []
    case (.shift, .character):
      state = .ground
      return []
    default: return finish() + (key(input).map { [$0] } ?? [])
    }
  }

  /// Nothing more has arrived: what looked like the start of a sequence was a key.
  mutating func finish() -> [Key] {
    switch state {
    case .ground, .paste: return []
    case .escape:
      state = .ground
      return [.escape]
    case .sequence:
      state = .ground
      return [.alt("[")]
    case .shift:
      state = .ground
      return [.alt("O")]
    }
  }

  private mutating func paste(_ input: Input, after text: String) -> [Key] {
    switch input {
    case .pasteFinish:
      state = .ground
      return [.paste(text)]
    case .character(let value) where text.utf8.count < Self.pasteLimit:
      // Terminals send line ends as Enter. Other control characters are dropped.
      let kept = value == 13 ? 10 : value
      if kept >= 32 && kept != 127 || kept == 9 || kept == 10, let scalar = Unicode.Scalar(kept) {
        state = .paste(text + String(scalar))
      }
      return []
    case .character, .key, .unnamed, .pasteBegin: return []
    }
  }

  private func key(_ input: Input) -> Key? {
    switch input {
    case .key(let key): key
    case .character(let value): Self.key(ofCharacter: value)
    case .unnamed, .pasteBegin, .pasteFinish: nil
    }
  }

  private static func key(ofCharacter value: UInt32) -> Key? {
    switch value {
    case 0: return .control(" ")
    case 8, 127: return .backspace
    case 9: return .tab
    case 10, 13: return .enter
    case 27: return .escape
    case 1...26: return Unicode.Scalar(value + 96).map { .control(Character($0)) }
    case 28...31: return Unicode.Scalar(value + 64).map { .control(Character($0)) }
    case 128..<160: return nil
    default: return Unicode.Scalar(value).map { .character(Character($0)) }
    }
  }
}
