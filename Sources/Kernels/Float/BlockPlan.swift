/// How a matrix product of `rows x panels` is cut into tasks.
///
/// A block of left rows and its results stay in the second-level cache while the panels pass by.
/// With several threads blocks become smaller, and few rows are cut by panels too.
struct BlockPlan {
  let blockRows: Int
  let rowBlocks: Int
  let panelGroups: Int
  private let rows: Int
  private let panels: Int

  /// Products that are not worth a task of their own: waking a thread takes as long.
  private static let smallWork = 1 << 18

  /// The most rows of a block.
  /// - `fresh`: values of a row that no row beside it has: fewer than its depth where windows overlap.
  static func mostRows(fresh: Int, columns: Int, taps: Int) -> Int {
    let cacheFloats = 65_536
    let most = min(cacheFloats / max(fresh, 1), cacheFloats / max(columns, 1), 4_096 / max(taps, 1))
    return max(most / 24 * 24, 24)
  }

  init(
    rows: Int, depth: Int, fresh: Int, columns: Int, taps: Int, panels: Int, threads: Int
  ) {
    let most = Self.mostRows(fresh: fresh, columns: columns, taps: taps)
    // A last block of few rows would read all weights for little.
    let even = roundedUp(rows / max(1, (rows + most - 1) / most) + 1, to: 24)
    // Several tasks a thread, as threads are not equally fast.
    let wanted =
      threads == 1 ? 1 : max(1, min(4 * threads, rows * depth * columns / Self.smallWork))
    let share = roundedUp(max(1, rows / wanted), to: 12)
    blockRows = min(most, wanted == 1 ? even : min(even, max(share, 24)))
    rowBlocks = (rows + blockRows - 1) / blockRows
    panelGroups = rowBlocks == 0 ? 1 : max(1, min(panels, wanted / rowBlocks))
    self.rows = rows
    self.panels = panels
  }

  var taskCount: Int { rowBlocks * panelGroups }

  func task(_ index: Int) -> (rows: Range<Int>, panels: Range<Int>) {
    let block = index / panelGroups
    let group = index % panelGroups
    return (
      block * blockRows..<min(rows, (block + 1) * blockRows),
      panels * group / panelGroups..<panels * (group + 1) / panelGroups
    )
  }
}
