/// A cell's place: `x` counts columns to the right, `y` rows down, both from 0.
package struct Point: Hashable, Sendable {
  package var x: Int
  package var y: Int

  package init(x: Int, y: Int) {
    self.x = x
    self.y = y
  }
}

/// A number of columns and rows.
package struct Size: Hashable, Sendable {
  package var width: Int
  package var height: Int

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

/// A block of cells. Width and height are never negative, so a layout that runs out of room
/// yields empty rectangles and draws nothing.
package struct Rect: Hashable, Sendable {
  package let x: Int
  package let y: Int
  package let width: Int
  package let height: Int

  package init(x: Int = 0, y: Int = 0, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = max(width, 0)
    self.height = max(height, 0)
  }

  package static let zero = Rect(width: 0, height: 0)

  package var isEmpty: Bool { width == 0 || height == 0 }
  package var size: Size { Size(width: width, height: height) }
  package var minX: Int { x }
  package var minY: Int { y }
  /// The first column to the right of the rectangle.
  package var maxX: Int { x + width }
  /// The first row below the rectangle.
  package var maxY: Int { y + height }

  package func contains(x column: Int, y row: Int) -> Bool {
    column >= minX && column < maxX && row >= minY && row < maxY
  }

  package func intersection(_ other: Rect) -> Rect {
    let left = max(minX, other.minX)
    let top = max(minY, other.minY)
    return Rect(
      x: left, y: top, width: min(maxX, other.maxX) - left, height: min(maxY, other.maxY) - top)
  }
}

/// Parts of a rectangle. Each is clamped to it: asking for more than there is gives all there is.
extension Rect {
  /// The `count` columns at the left edge.
  package func leading(_ count: Int) -> Rect {
    Rect(x: x, y: y, width: clamp(count, to: width), height: height)
  }

  /// The `count` columns at the right edge.
  package func trailing(_ count: Int) -> Rect {
    let count = clamp(count, to: width)
    return Rect(x: maxX - count, y: y, width: count, height: height)
  }

  /// The first `count` rows.
  package func top(_ count: Int) -> Rect {
    Rect(x: x, y: y, width: width, height: clamp(count, to: height))
  }

  /// The last `count` rows.
  package func bottom(_ count: Int) -> Rect {
    let count = clamp(count, to: height)
    return Rect(x: x, y: maxY - count, width: width, height: count)
  }

  package func droppingLeading(_ count: Int) -> Rect { trailing(width - max(count, 0)) }
  package func droppingTrailing(_ count: Int) -> Rect { leading(width - max(count, 0)) }
  package func droppingTop(_ count: Int) -> Rect { bottom(height - max(count, 0)) }
  package func droppingBottom(_ count: Int) -> Rect { top(height - max(count, 0)) }

  /// The rectangle without its outer columns and rows.
  package func inset(horizontal: Int = 1, vertical: Int = 1) -> Rect {
    droppingLeading(horizontal).droppingTrailing(horizontal)
      .droppingTop(vertical).droppingBottom(vertical)
  }

  package func inset(_ count: Int) -> Rect { inset(horizontal: count, vertical: count) }

  /// Row `index` of the rectangle, one row high; empty when there is no such row.
  package func row(_ index: Int) -> Rect {
    index >= 0 && index < height
      ? Rect(x: x, y: y + index, width: width, height: 1) : Rect(x: x, y: y, width: 0, height: 0)
  }

  /// A rectangle of at most this size in the middle.
  package func centred(width: Int, height: Int) -> Rect {
    let width = clamp(width, to: self.width)
    let height = clamp(height, to: self.height)
    return Rect(
      x: x + (self.width - width) / 2, y: y + (self.height - height) / 2,
      width: width, height: height)
  }

  private func clamp(_ count: Int, to limit: Int) -> Int { min(max(count, 0), limit) }
}
