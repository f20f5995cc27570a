internal import CKernels

/// How a matrix product of codes is cut into pieces of work: blocks of rows, and parts of the panels
/// where rows alone do not keep all threads busy.
///
/// Blocks are of about one size, in whole tiles, of which the last one takes the rows that are left.
struct RowBlocks {
  private let rows: Int
  private let tiles: Int
  private let panels: Int
  private let blockCount: Int
  private let panelParts: Int

  /// Rows of one block fill this much of the second-level cache; with fewer, the weights of deep
  /// layers come from memory too often.
  private static let blockBytes = max(Int(kern_cache_bytes(2)) / 6, 192 << 10)
  /// Whole tiles of every kernel, which have 4 or 12 rows.
  private static let tileRows = 12
  private static let mostTiles = 21
  /// With fewer a panel is not reused enough to pay for its way through the cache.
  private static let leastTiles = 2
  /// Products that are not worth another piece of work.
  private static let smallWork = 1 << 19

  private static func mostTiles(paddedDepth: Int) -> Int {
    max(1, min(mostTiles, blockBytes / max(paddedDepth, 1) / tileRows))
  }

  /// The most rows of a block.
  static func mostRows(paddedDepth: Int) -> Int {
    (mostTiles(paddedDepth: paddedDepth) + 1) * tileRows
  }

  init(rows: Int, paddedDepth: Int, panels: Int, threads: Int) {
    self.rows = rows
    self.panels = panels
    tiles = max(1, rows / Self.tileRows)
    let most = Self.mostTiles(paddedDepth: paddedDepth)
    let least = (tiles + most - 1) / most
    let columns = panels * Int8Panels.width
    let wanted = min(threads * 4, rows * paddedDepth * columns / Self.smallWork)
    guard threads > 1, wanted > 1 else {
      (blockCount, panelParts) = (least, 1)
      return
    }
    // Every part of the panels takes the rows anew, and every block the weights.
    let hasFewRows = columns > 4 * rows
    blockCount =
      hasFewRows
      ? least
      : min(roundedUp(max(least, min(wanted, tiles / Self.leastTiles)), to: threads), tiles)
    let parts = (wanted + blockCount - 1) / blockCount
    let isEven = blockCount * parts % threads == 0
    panelParts = max(1, min(panels / 2, isEven ? parts : roundedUp(parts, to: threads)))
  }

  var pieceCount: Int { blockCount * panelParts }

  /// Whether every piece takes all rows.
  var sharesRows: Bool { blockCount == 1 && panelParts > 1 }

  func rows(ofPiece piece: Int) -> Range<Int> {
    let block = piece / panelParts
    let end = block + 1 == blockCount ? rows : tiles * (block + 1) / blockCount * Self.tileRows
    return tiles * block / blockCount * Self.tileRows..<end
  }

  /// In pairs, as kernels multiply them.
  func panels(ofPiece piece: Int) -> Range<Int> {
    let part = piece % panelParts
    let pairs = (panels + 1) / 2
    return pairs * part / panelParts * 2..<min(pairs * (part + 1) / panelParts * 2, panels)
  }

  /// Runs `body` for each piece; work for one thread stays on this one.
  func forEach(pool: ThreadPool, _ body: (_ piece: Int, _ worker: Int) -> Void) {
    if pieceCount == 1 { return body(0, 0) }
    pool.dynamic(pieceCount) { range, worker in
      for piece in range { body(piece, worker) }
    }
  }
}
