import Foundation

/// A colour a theme asks for. What a terminal with fewer shows instead is the terminal's business.
package enum TerminalColor: Hashable, Sendable {
  /// The terminal's own text or background colour.
  case standard
  /// 0…7 and their bright forms 8…15 are the terminal's palette; 16…255 are fixed.
  case indexed(UInt8)
  case rgb(red: UInt8, green: UInt8, blue: UInt8)

  /// The names of the sixteen palette colours, in order of their index.
  package static let names = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
    "bright-black", "bright-red", "bright-green", "bright-yellow", "bright-blue",
    "bright-magenta", "bright-cyan", "bright-white",
  ]

  /// Reads `default`, a palette colour's name, an index `0`…`255`, `#rrggbb` or `#rgb`.
  package init?(_ text: String) {
    if text == "default" {
      self = .standard
    } else if let index = TerminalColor.names.firstIndex(of: text) {
      self = .indexed(UInt8(index))
    } else if text.hasPrefix("#") {
      let digits = text.dropFirst()
      guard digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
        return nil
      }
      func byte(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value >> shift) }
      switch digits.count {
      case 6: self = .rgb(red: byte(16), green: byte(8), blue: byte(0))
      case 3:
        func digit(_ shift: UInt32) -> UInt8 { UInt8(value >> shift & 15) * 17 }
        self = .rgb(red: digit(8), green: digit(4), blue: digit(0))
      default: return nil
      }
    } else if text.allSatisfy(\.isNumber), let index = UInt8(text) {
      self = .indexed(index)
    } else {
      return nil
    }
  }

  /// Red, green and blue where they are known: not for the terminal's own sixteen.
  package var components: (red: UInt8, green: UInt8, blue: UInt8)? {
    switch self {
    case .standard, .indexed(0...15): nil
    case .indexed(let index) where index < 232:
      {
        let steps: [UInt8] = [0, 95, 135, 175, 215, 255]
        let cube = Int(index) - 16
        return (steps[cube / 36], steps[cube / 6 % 6], steps[cube % 6])
      }()
    case .indexed(let index):
      {
        let grey = 8 + 10 * (index - 232)
        return (grey, grey, grey)
      }()
    case .rgb(let red, let green, let blue): (red, green, blue)
    }
  }

  /// The contrast ratio of two known colours, 1 through 21.
  ///
  /// - Source: WCAG 2.2, "contrast ratio" and "relative luminance".
  package func contrast(with other: TerminalColor) -> Double? {
    guard let own = luminance, let others = other.luminance else { return nil }
    return (max(own, others) + 0.05) / (min(own, others) + 0.05)
  }

  private var luminance: Double? {
    guard let components else { return nil }
    func linear(_ byte: UInt8) -> Double {
      let value = Double(byte) / 255
      return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(components.red) + 0.7152 * linear(components.green)
      + 0.0722 * linear(components.blue)
  }
}
