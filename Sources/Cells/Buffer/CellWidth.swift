/// How many columns text takes in a terminal.
package enum CellWidth {
  /// 0 for marks that sit on the character before them, 2 for wide East Asian characters and
  /// pictographs, 1 for all else.
  package static func of(_ scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 { return value == 0 ? 0 : 1 }
    if contains(CellWidthTable.zero, value) { return 0 }
    return contains(CellWidthTable.wide, value) ? 2 : 1
  }

  /// Whether one of the ranges, first and last in turn, holds the value.
  private static func contains(_ ranges: [UInt32], _ value: UInt32) -> Bool {
    var low = 0
    var high = ranges.count / 2
    while low < high {
      let middle = (low + high) / 2
      if value > ranges[2 * middle + 1] { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count / 2 && value >= ranges[2 * low]
  }
}

extension Character {
  /// The columns this character takes once ``displayed(in:)``.
  package var cellWidth: Int {
    if isASCII { return 1 }
    return unicodeScalars.lazy.map { CellWidth.of($0) }.first { $0 > 0 } ?? 1
  }

  /// What may safely be sent to a terminal in this character's place, of the same width.
  ///
  /// Names come from files: a control character could move the cursor or start an escape
  /// sequence, so it becomes a replacement character. Joined emoji keep their first part, since
  /// terminals disagree on the rest. In an ASCII set, other characters become their nearest
  /// relative or `?`.
  func displayed(in glyphs: Glyphs) -> Character {
    if let value = asciiValue { return value >= 0x20 && value < 0x7F ? self : "?" }
    guard let first = unicodeScalars.first else { return " " }
    if glyphs.isASCII { return Glyphs.asciiRelative(of: self) ?? "?" }
    if (0x7F..<0xA0).contains(first.value) || first.value < 0x20 || CellWidth.of(first) == 0 {
      return "\u{FFFD}"
    }
    if unicodeScalars.count == 1 { return self }
    var kept = String.UnicodeScalarView([first])
    for scalar in unicodeScalars.dropFirst().prefix(4) {
      let properties = scalar.properties
      guard CellWidth.of(scalar) == 0, properties.generalCategory != .format,
        !properties.isVariationSelector
      else { break }
      kept.append(scalar)
    }
    return String(kept).first ?? "\u{FFFD}"
  }
}

extension StringProtocol {
  /// The columns this text takes.
  package var cellWidth: Int {
    var width = 0
    for character in self { width += character.cellWidth }
    return width
  }
}
