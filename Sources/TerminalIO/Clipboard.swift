import Foundation

/// The sequence that asks a terminal to fill the clipboard of the computer it runs on.
enum Clipboard {
  /// OSC 52, which works over ssh. GNU screen passes it on only inside a device control string.
  static func sequence(copying text: String, term: String, isInsideTmux: Bool) -> String {
    let encoded = Data(text.utf8).base64EncodedString()
    let sequence = "\u{1B}]52;c;\(encoded)\u{7}"
    return term.hasPrefix("screen") && !isInsideTmux ? "\u{1B}P\(sequence)\u{1B}\\" : sequence
  }
}
