/// How the rows of a matrix product are cut into pieces of work.
struct RowBlocks {
  let rowsPerBlock: Int
  let blockCount: Int
  /// Parts that the panels are cut into, when rows alone do not keep all threads busy.
  let panelParts: Int
  private let rows: Int
  private let panels: Int

  /// Rows of one block fill this much of the second-level cache; with fewer, the weights of deep
  /// layers come from memory too often.
  private static let blockBytes = 192 << 10
  /// Whole tiles of every kernel, which have 4 or 12 rows.
  private static let tileRows = 12
  /// Products that are not worth another piece of work.
  private static let smallWork = 1 << 19

  static func mostRows(paddedDepth: Int) -> Int {
    max(tileRows, min(252, blockBytes / max(paddedDepth, 1) / tileRows * tileRows))
  }

  init(rows: Int, paddedDepth: Int, panels: Int, threads: Int) {
    self.rows = rows
    self.panels = panels
    let most = Self.mostRows(paddedDepth: paddedDepth)
    let productsPerRow = max(paddedDepth * panels * Int8Panels.width, 1)
    let pieces = min(threads * 4, rows * productsPerRow / Self.smallWork)
    guard threads > 1, pieces > 1 else {
      rowsPerBlock = most
      blockCount = (rows + most - 1) / most
      panelParts = 1
      return
    }
    let even = (rows / pieces + Self.tileRows - 1) / Self.tileRows * Self.tileRows
    // With few rows a panel is not reused enough to pay for its way through the cache.
    rowsPerBlock = min(most, max(even, Self.tileRows * 2))
    blockCount = (rows + rowsPerBlock - 1) / rowsPerBlock
    panelParts = min(panels, max(1, (pieces + blockCount - 1) / blockCount))
  }

  var pieceCount: Int { blockCount * panelParts }

  func rows(ofPiece piece: Int) -> Range<Int> {
    let first = piece / panelParts * rowsPerBlock
    return first..<min(first + rowsPerBlock, rows)
  }

  func panels(ofPiece piece: Int) -> Range<Int> {
    let part = piece % panelParts
    return panels * part / panelParts..<panels * (part + 1) / panelParts
  }

  /// Runs `body` for each piece; work for one thread stays on this one.
  func forEach(pool: ThreadPool, _ body: (_ piece: Int, _ worker: Int) -> Void) {
    if pieceCount == 1 { return body(0, 0) }
    pool.dynamic(pieceCount) { range, worker in
      for piece in range { body(piece, worker) }
    }
  }
}
