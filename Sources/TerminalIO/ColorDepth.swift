import Cells

/// How many colours a terminal shows.
package enum ColorDepth: Hashable, Sendable {
  /// Bold, underline, reverse and dim only.
  case mono
  case indexed8
  case indexed16
  case indexed256
  case trueColor
}

extension ColorDepth {
  /// The index to show for a colour; -1 is the terminal's own.
  func index(for color: TerminalColor) -> Int {
    guard let wanted = color.components else {
      guard case .indexed(let index) = color else { return -1 }
      return self == .indexed8 ? Int(index % 8) : self == .mono ? -1 : Int(index)
    }
    switch self {
    case .mono: return -1
    case .indexed8: return Palette.nearest(to: wanted, in: 0..<8)
    case .indexed16: return Palette.nearest(to: wanted, in: 0..<16)
    case .indexed256, .trueColor:
      if case .indexed(let index) = color { return Int(index) }
      return Palette.nearest(to: wanted, in: 16..<256)
    }
  }

  /// What an appearance becomes on this terminal.
  ///
  /// Nothing may rest on a colour that is not there: without colours, a role with a background of
  /// its own is reversed; with eight, bright text is bold.
  func shown(
    _ appearance: Appearance, over ground: TerminalColor
  ) -> (foreground: Int, background: Int, attributes: Attributes) {
    var attributes = appearance.attributes
    if self == .mono {
      if appearance.background != ground { attributes.insert(.reverse) }
      return (-1, -1, attributes)
    }
    if self == .indexed8, case .indexed(8...15) = appearance.foreground {
      attributes.insert(.bold)
    }
    return (index(for: appearance.foreground), index(for: appearance.background), attributes)
  }
}

/// The colours that xterm gives to the indices 0 through 255.
enum Palette {
  private static let named: [(UInt8, UInt8, UInt8)] = [
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205),
    (229, 229, 229), (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255),
    (255, 0, 255), (0, 255, 255), (255, 255, 255),
  ]

  /// The index whose colour is least far away.
  ///
  /// Red weighs more in light colours and blue in dark ones, after how eyes judge.
  /// - Source: T. Riemersma, "Colour metric", 2019, the "redmean" approximation.
  static func nearest(
    to wanted: (red: UInt8, green: UInt8, blue: UInt8), in indices: Range<Int>
  ) -> Int {
    func distance(_ index: Int) -> Double {
      let (red, green, blue) = components(index)
      let mean = (Double(wanted.red) + Double(red)) / 2
      let redStep = Double(wanted.red) - Double(red)
      let greenStep = Double(wanted.green) - Double(green)
      let blueStep = Double(wanted.blue) - Double(blue)
      return (2 + mean / 256) * redStep * redStep + 4 * greenStep * greenStep
        + (2 + (255 - mean) / 256) * blueStep * blueStep
    }
    return indices.min { distance($0) < distance($1) } ?? -1
  }

  private static func components(_ index: Int) -> (UInt8, UInt8, UInt8) {
    if index < 16 { return named[index] }
    guard let known = TerminalColor.indexed(UInt8(index)).components else { return (0, 0, 0) }
    return (known.red, known.green, known.blue)
  }
}
