extension Table {
  package struct Column: Hashable, Sendable {
    package enum Width: Hashable, Sendable {
      case fixed(Int)
      /// At least `minimum`; the room that is left is shared out by weight, up to `maximum`.
      case flexible(minimum: Int, maximum: Int = .max, weight: Int = 1)
    }

    package var title: String
    package var alignment: Alignment
    package var width: Width
    /// In a narrow area the column of the lowest priority is dropped first, from the right.
    package var priority: Int
    package var truncation: Truncation

    package init(
      _ title: String, alignment: Alignment = .leading, width: Width, priority: Int = 0,
      truncation: Truncation = .tail
    ) {
      self.title = title
      self.alignment = alignment
      self.width = width
      self.priority = priority
      self.truncation = truncation
    }

    private var minimum: Int {
      switch width {
      case .fixed(let count): max(count, 0)
      case .flexible(let minimum, _, _): max(minimum, 0)
      }
    }
  }
}

extension Table.Column {
  /// Where a column that is shown stands.
  struct Place: Hashable {
    let column: Int
    let x: Int
    let width: Int
  }

  /// The columns that fit, in their order, with one blank between two.
  ///
  /// Depends on the columns and the width only, never on the rows, so that nothing moves while the
  /// table scrolls. The column it is sorted by is dropped last but one.
  static func places(of columns: [Table.Column], sort: Table.Sort?, in area: Rect) -> [Place] {
    guard area.width > 0 else { return [] }
    var shown = Array(columns.indices)
    func minimumWidth() -> Int {
      shown.reduce(max(shown.count - 1, 0)) { $0 + columns[$1].minimum }
    }
    func rank(_ index: Int) -> Int {
      index == sort?.column ? Int.max - 1 : columns[index].priority
    }
    while shown.count > 1, minimumWidth() > area.width {
      // Of several with the lowest rank, the rightmost goes.
      guard let lowest = shown.map(rank).min(),
        let dropped = shown.lastIndex(where: { rank($0) == lowest })
      else { break }
      shown.remove(at: dropped)
    }
    let widths = widths(of: shown.map { columns[$0] }, total: area.width)
    var x = area.x
    return zip(shown, widths).map { column, width in
      defer { x += width + 1 }
      return Place(column: column, x: x, width: min(width, max(area.maxX - x, 0)))
    }
  }

  /// Minimum widths, then what is left by weight to those that may still grow.
  private static func widths(of columns: [Table.Column], total: Int) -> [Int] {
    var widths = columns.map(\.minimum)
    var left = total - widths.reduce(max(columns.count - 1, 0), +)
    while left > 0 {
      let growing = columns.indices.filter { index in
        if case .flexible(_, let maximum, let weight) = columns[index].width {
          weight > 0 && widths[index] < maximum
        } else {
          false
        }
      }
      guard !growing.isEmpty else { break }
      var weights = growing.reduce(0) { $0 + columns[$1].weight }
      var offered = left
      for index in growing {
        let share = offered * columns[index].weight / weights
        let given = min(share, columns[index].maximum - widths[index])
        widths[index] += given
        left -= given
        offered -= share
        weights -= columns[index].weight
      }
    }
    return widths
  }

  private var weight: Int {
    if case .flexible(_, _, let weight) = width { weight } else { 0 }
  }

  private var maximum: Int {
    if case .flexible(_, let maximum, _) = width { maximum } else { 0 }
  }
}
