/// The keys that work now, on one line: as many as fit, the pinned ones before all others.
package struct KeyHints: Widget {
  package struct Hint: Hashable, Sendable {
    package var key: String
    package var label: String
    /// Kept when others are dropped: help and quit.
    package var isPinned: Bool

    package init(key: String, label: String, isPinned: Bool = false) {
      self.key = key
      self.label = label
      self.isPinned = isPinned
    }

    fileprivate var width: Int {
      key.cellWidth + (label.isEmpty ? 0 : label.cellWidth + 1)
    }
  }

  /// The most useful first.
  package var hints: [Hint]

  package init(_ hints: [Hint]) { self.hints = hints }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    for (index, x) in places(in: area) {
      let hint = hints[index]
      let next = buffer.write(hint.key, x: x, y: area.y, in: area.top(1), style: .key)
      buffer.write(hint.label, x: next + 1, y: area.y, in: area.top(1), style: .dim)
    }
  }

  /// The hint drawn at a column of the screen, for the mouse.
  package func hint(atX x: Int, in area: Rect) -> Int? {
    places(in: area).first { x >= $0.x && x < $0.x + hints[$0.index].width }?.index
  }

  private func places(in area: Rect) -> [(index: Int, x: Int)] {
    var left = area.width
    var shown: Set<Int> = []
    let order =
      hints.indices.filter { hints[$0].isPinned }
      + hints.indices.filter { !hints[$0].isPinned }
    for index in order {
      let width = hints[index].width + (shown.isEmpty ? 0 : 2)
      // The first that does not fit ends the line: what remains is in order of use.
      guard width <= left else { break }
      left -= width
      shown.insert(index)
    }
    var x = area.x
    return hints.indices.filter(shown.contains).map { index in
      defer { x += hints[index].width + 2 }
      return (index, x)
    }
  }
}
