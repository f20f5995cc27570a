internal import CKernels

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

  /// With fewer rows it is the weights' way from memory that takes the time.
  private static let rowsWorthWeights = 8

  /// Left values, or results, of a block: with two panels beside them they fit the second-level
  /// cache. Where little is known of it, 512 KB are taken to be there.
  private static let blockFloats = max(Int(kern_cache_bytes(2)) / 16, 65_536)

  /// Rows that are worth reading all weights again.
  private static let leastRows = 24

  /// The most rows of a block.
  /// - `fresh`: values of a row that no row beside it has: fewer than its depth where windows overlap.
  static func mostRows(fresh: Int, columns: Int, taps: Int) -> Int {
    let most = min(blockFloats / max(fresh, 1), blockFloats / max(columns, 1), 4_096 / max(taps, 1))
    return max(most, leastRows)
  }

  init(
    rows: Int, depth: Int, fresh: Int, columns: Int, taps: Int, panels: Int, threads: Int
  ) {
    self.rows = rows
    self.panels = panels
    let most = Self.mostRows(fresh: fresh, columns: columns, taps: taps)
    let least = (rows + most - 1) / most
    // Several tasks a thread, as threads are not equally fast.
    let wanted = min(
      4 * threads, max(rows, Self.rowsWorthWeights) * depth * columns / Self.smallWork)
    guard rows > 0, threads > 1, wanted > 1 else {
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
    let groups = max(1, (wanted + rowBlocks - 1) / rowBlocks)
    // As many tasks for each thread.
    let isEven = rowBlocks * groups % threads == 0
    panelGroups = min(panels, isEven ? groups : roundedUp(groups, to: threads))
  }

  var taskCount: Int { rowBlocks * panelGroups }

  struct Task {
    var rows: Range<Int>
    var panels: Range<Int>
    /// The panel that the same thread is likely to want behind these.
    var nextPanel: Int
  }

  func task(_ index: Int) -> Task {
    let (block, group) = index.quotientAndRemainder(dividingBy: panelGroups)
    let next = index + 1 < taskCount ? (index + 1) % panelGroups : group
    return Task(
      rows: rows * block / rowBlocks..<rows * (block + 1) / rowBlocks,
      panels: panels * group / panelGroups..<panels * (group + 1) / panelGroups,
      nextPanel: panels * next / panelGroups)
  }
}
