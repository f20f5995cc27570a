/// Which row of a list is selected and which is the first on screen.
package struct ListCursor: Equatable, Sendable {
  package enum Motion: Equatable, Sendable {
    case up, down, pageUp, pageDown, halfPageUp, halfPageDown, top, bottom
  }

  package private(set) var selected = 0
  package private(set) var first = 0

  package init() {}

  /// Moves within `count` rows of which `visible` fit.
  package mutating func move(_ motion: Motion, count: Int, visible: Int) {
    let page = max(visible, 1)
    switch motion {
    case .up: selected -= 1
    case .down: selected += 1
    case .pageUp: selected -= page
    case .pageDown: selected += page
    case .halfPageUp: selected -= max(page / 2, 1)
    case .halfPageDown: selected += max(page / 2, 1)
    case .top: selected = 0
    case .bottom: selected = count - 1
    }
    clamp(count: count, visible: visible)
  }

  package mutating func select(_ index: Int, count: Int, visible: Int) {
    selected = index
    clamp(count: count, visible: visible)
  }

  /// Keeps the selection inside the list and on screen.
  package mutating func clamp(count: Int, visible: Int) {
    selected = min(max(selected, 0), max(count - 1, 0))
    let page = max(visible, 1)
    if selected < first { first = selected }
    if selected >= first + page { first = selected - page + 1 }
    first = min(max(first, 0), max(count - page, 0))
  }
}
