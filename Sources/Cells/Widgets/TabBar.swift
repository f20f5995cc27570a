/// Numbered tabs on one line. When they do not fit, all but the open one show their numbers only.
package struct TabBar: Widget {
  package var tabs: [String]
  package var selected: Int

  package init(tabs: [String], selected: Int) {
    self.tabs = tabs
    self.selected = selected
  }

  package func render(in area: Rect, to buffer: inout CellBuffer) {
    guard !area.isEmpty else { return }
    let line = area.top(1)
    for (index, place) in places(in: line).enumerated() {
      let isOpen = index == selected
      buffer.write(
        place.text, x: place.x, y: line.y, in: line, style: isOpen ? .activeTab : .tab)
    }
  }

  /// The tab drawn at a column of the screen, for the mouse.
  package func tab(atX x: Int, in area: Rect) -> Int? {
    places(in: area).firstIndex { x >= $0.x && x < $0.x + $0.text.cellWidth }
  }

  private func places(in area: Rect) -> [(text: String, x: Int)] {
    let long = tabs.enumerated().map { " \($0.offset + 1) \($0.element) " }
    let width = long.reduce(0) { $0 + $1.cellWidth }
    let short = tabs.indices.map { $0 == selected ? long[$0] : " \($0 + 1) " }
    var x = area.x
    return (width <= area.width ? long : short).map { text in
      defer { x += text.cellWidth }
      return (text, x)
    }
  }
}
