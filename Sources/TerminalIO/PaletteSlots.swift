import Cells

/// Gives exact colours to a terminal that has 256 changeable ones.
///
/// ncurses draws with indices. Each `#rrggbb` of a theme takes the free index nearest to it, and
/// that index is then set to the exact colour. A terminal that cannot do this shows the nearest
/// colour, as it would have anyway. The terminal's own sixteen are never touched.
struct PaletteSlots {
  private var slots: [TerminalColor: Int] = [:]

  /// The index for a colour, and the sequence that sets it, when it is new here.
  mutating func slot(for color: TerminalColor) -> (index: Int, sequence: String?) {
    if let index = slots[color] { return (index, nil) }
    guard case .rgb(let red, let green, let blue) = color else {
      return (ColorDepth.trueColor.index(for: color), nil)
    }
    let taken = Set(slots.values)
    let wanted = (red: red, green: green, blue: blue)
    var best = Palette.nearest(to: wanted, in: 16..<256)
    if taken.contains(best) {
      // A neighbour that is free; themes have fewer colours than the palette has indices.
      best =
        (16..<256).filter { !taken.contains($0) }
        .min { abs($0 - best) < abs($1 - best) } ?? best
    }
    slots[color] = best
    func hex(_ byte: UInt8) -> String {
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }
    return (best, "\u{1B}]4;\(best);rgb:\(hex(red))/\(hex(green))/\(hex(blue))\u{1B}\\")
  }

  /// The sequence that gives all slots their first colours again.
  var undo: String {
    slots.isEmpty
      ? ""
      : "\u{1B}]104;" + slots.values.sorted().map(String.init).joined(separator: ";") + "\u{1B}\\"
  }

  /// The sequences that set all slots, after the terminal was given back for a while.
  var restore: String {
    var fresh = PaletteSlots()
    return slots.sorted { $0.value < $1.value }.compactMap { color, index in
      fresh.slot(for: color).sequence.map { sequence in
        sequence.replacing(/\]4;\d+/, with: "]4;\(index)")
      }
    }.joined()
  }
}
