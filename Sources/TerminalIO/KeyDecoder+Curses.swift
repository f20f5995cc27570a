import CCurses
import Cells

extension KeyDecoder.Input {
  /// What one of the shim's names of keys stands for.
  init(named name: Int) {
    switch name {
    case Int(OCTERM_PASTE_BEGIN): self = .pasteBegin
    case Int(OCTERM_PASTE_FINISH): self = .pasteFinish
    case Int(OCTERM_F0) + 1...Int(OCTERM_F0) + 63: self = .key(.function(name - Int(OCTERM_F0)))
    default: self = Self.named[name].map { .key($0) } ?? .unnamed
    }
  }

  private static let named: [Int: Key] = [
    Int(OCTERM_UP): .up, Int(OCTERM_DOWN): .down, Int(OCTERM_LEFT): .left,
    Int(OCTERM_RIGHT): .right, Int(OCTERM_HOME): .home, Int(OCTERM_LAST): .end,
    Int(OCTERM_PAGE_UP): .pageUp, Int(OCTERM_PAGE_DOWN): .pageDown, Int(OCTERM_INSERT): .insert,
    Int(OCTERM_DELETE): .delete, Int(OCTERM_BACKSPACE): .backspace,
    Int(OCTERM_BACK_TAB): .backTab, Int(OCTERM_ENTER): .enter,
  ]
}
