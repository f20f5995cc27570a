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
  static func mostRows(depth: Int, columns: Int, taps: Int) -> Int {
    let cacheFloats = 65_536
    let most = min(cacheFloats / max(depth, 1), cacheFloats / max(columns, 1), 4_096 / max(taps, 1))
    return max(most / 24 * 24, 24)
  }

  init(rows: Int, depth: Int, columns: Int, taps: Int, panels: Int, threads: Int) {
    let most = Self.mostRows(depth: depth, columns: columns, taps: taps)
    // Several tasks a thread, as threads are not equally fast.
    let wanted =
      threads == 1 ? 1 : max(1, min(4 * threads, rows * depth * columns / Self.smallWork))
    let share = roundedUp(max(1, rows / wanted), to: 12)
    blockRows = wanted == 1 ? most : min(most, max(share, 24))
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
