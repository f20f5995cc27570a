/// How long one part of a divided rectangle is.
package enum Length: Hashable, Sendable {
  /// Exactly so many cells, while they last.
  case fixed(Int)
  /// A share, by weight, of what the fixed parts leave, but at least `minimum`.
  case share(Int, minimum: Int = 0)
}

extension Rect {
  /// Side by side, left to right. When room runs out, the parts at the right become empty first.
  package func columns(_ lengths: [Length], spacing: Int = 0) -> [Rect] {
    var left = x
    return Rect.divide(width, into: lengths, spacing: spacing).map { length in
      defer { left += length + spacing }
      return Rect(x: left, y: y, width: length, height: height).intersection(self)
    }
  }

  /// One under another, top to bottom. When room runs out, the parts at the bottom become empty
  /// first.
  package func rows(_ lengths: [Length], spacing: Int = 0) -> [Rect] {
    var top = y
    return Rect.divide(height, into: lengths, spacing: spacing).map { length in
      defer { top += length + spacing }
      return Rect(x: x, y: top, width: width, height: length).intersection(self)
    }
  }

  /// Shares out `total` cells; the lengths and the spaces between them sum to at most `total`.
  private static func divide(_ total: Int, into lengths: [Length], spacing: Int) -> [Int] {
    guard !lengths.isEmpty else { return [] }
    var left = max(total - spacing * (lengths.count - 1), 0)
    var result = lengths.map { length in
      let wanted =
        switch length {
        case .fixed(let count): count
        case .share(_, let minimum): minimum
        }
      let given = min(max(wanted, 0), left)
      left -= given
      return given
    }
    var weight = lengths.reduce(0) { sum, length in
      if case .share(let share, _) = length { sum + max(share, 0) } else { sum }
    }
    // The rest goes by weight; each part takes its share of what is still there, so that rounding
    // loses no cell.
    for (index, length) in lengths.enumerated() {
      guard case .share(let share, _) = length, share > 0 else { continue }
      let given = left * share / weight
      result[index] += given
      left -= given
      weight -= share
    }
    return result
  }
}
