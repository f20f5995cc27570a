/// How a matrix product of `rows x panels` is cut into tasks.
///
/// A block of left rows and its results stay in the second-level cache while the panels pass by.
/// Blocks are of about one size. With several threads there are more of them, or the panels are
/// shared out.
struct BlockPlan {
  private let rowBlocks: Int
  private let panelGroups: Int
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

  /// Rows that are worth reading all weights again.
  private static let leastRows = 24

  init(
    rows: Int, depth: Int, fresh: Int, columns: Int, taps: Int, panels: Int, threads: Int
  ) {
    self.rows = rows
    self.panels = panels
    let most = Self.mostRows(fresh: fresh, columns: columns, taps: taps)
    let least = (rows + most - 1) / most
    // Several tasks a thread, as threads are not equally fast.
    let wanted = min(4 * threads, rows * depth * columns / Self.smallWork)
    guard threads > 1, wanted > 1 else {
      (rowBlocks, panelGroups) = (least, 1)
      return
    }
    // Cutting by rows reads the weights again, cutting by panels the rows.
    let hasMoreWeights = depth * columns > rows * fresh && panels >= 2 * threads
    if hasMoreWeights {
      rowBlocks = least
    } else {
      let even = roundedUp(max(least, min(wanted, rows / Self.leastRows)), to: threads)
      rowBlocks = rows / even < Self.leastRows / 2 ? least : even
    }
    panelGroups = max(1, min(panels, wanted / max(rowBlocks, 1)))
  }

  var taskCount: Int { rowBlocks * panelGroups }

  func task(_ index: Int) -> (rows: Range<Int>, panels: Range<Int>) {
    let (block, group) = index.quotientAndRemainder(dividingBy: panelGroups)
    return (
      rows * block / rowBlocks..<rows * (block + 1) / rowBlocks,
      panels * group / panelGroups..<panels * (group + 1) / panelGroups
    )
  }
}
